import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { echoServer } from './echo.ts';
import type { ExchangeCount } from './order.ts';
import { runTraffic, type TrafficOptions } from './run.ts';
import { judge, type SeenCall } from './seen.ts';
import { readTraffic, type TrafficCall } from './traffic.ts';

const servers = new Set<Server>();
const sockets = new Set<Socket>();

afterEach(() => {
  for (const server of servers) server.close();
  for (const socket of sockets) socket.destroy();
  servers.clear();
  sockets.clear();
});

async function listen(server: Server): Promise<number> {
  servers.add(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** Calls as they are written; a name of the form `127.0.0.1` resolves without a mesh. */
function calls(...written: Record<string, unknown>[]): readonly TrafficCall[] {
  const object: KubeObject = {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'Traffic',
    metadata: { name: 'test' },
    calls: written.map(call => ({ from: 'shop/buyer', to: 'web.shop:80', ...call })),
  };
  const { calls: read, problems } = readTraffic({ object }, 'cluster.local');
  assert.deepEqual(problems, []);
  return read;
}

function to127(read: readonly TrafficCall[], port: number): readonly TrafficCall[] {
  return read.map(each => ({ ...each, call: { ...each.call, to: { service: '127.0.0', namespace: '1', port } } }));
}

const here: TrafficOptions = {
  exec: (_, command) => Promise.resolve({ command, environment: {} }),
  node: process.execPath,
};

describe('judge', () => {
  const answered = {
    end: 'answered',
    status: 200,
    grpcStatus: null,
    byMesh: false,
    responder: null,
    detail: null,
    count: 1,
  } as const;
  const refused = { ...answered, status: 403, byMesh: true };
  const closed = { ...answered, end: 'closed', status: null, detail: 'it was closed' } as const;
  const table: [string, Record<string, unknown>, Partial<ExchangeCount>, string[]][] = [
    ['an answer', { verdict: 'allow', status: 200 }, answered, []],
    [
      'an answer of the application, whatever it is',
      { verdict: 'allow', status: 404 },
      { ...answered, status: 404 },
      [],
    ],
    ['an answer where none should be', { verdict: 'deny' }, answered, ['verdict deny, not allow']],
    ['another status', { verdict: 'allow', status: 201 }, answered, ['status 201, not 200']],
    ['a denial', { verdict: 'deny', status: 403 }, refused, []],
    ['a denial of what should pass', { verdict: 'allow' }, refused, ['verdict allow, not deny']],
    ['a malformed request', { verdict: 'deny', status: 400 }, { ...refused, status: 400 }, []],
    ['nobody there', { verdict: 'unreachable', status: 503 }, { ...refused, status: 503 }, []],
    ['a closed connection', { verdict: 'deny' }, closed, []],
    ['a closed connection to nobody', { verdict: 'unreachable' }, closed, []],
    [
      'a closed connection of what should pass',
      { verdict: 'allow' },
      closed,
      ['verdict allow, not deny: it was closed'],
    ],
    [
      'a timeout',
      { verdict: 'deny' },
      { ...closed, end: 'timeout', detail: 'late' },
      ['verdict deny, not unreachable: late'],
    ],
    ['no connection', { verdict: 'unreachable' }, { ...closed, end: 'unreachable' }, []],
  ];
  for (const [what, expect, exchange, expected] of table) {
    it(`judges ${what}`, () => {
      const [call] = calls({ expect });
      assert.ok(call);
      assert.deepEqual(judge(call, { id: 0, exchanges: [{ ...answered, ...exchange }] }).differences, expected);
    });
  }

  function judged(expect: Record<string, unknown>, counts: Record<string, number>): SeenCall {
    const times = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const [call] = calls({ expect: { verdict: 'allow', ...expect }, times });
    assert.ok(call);
    const exchanges = Object.entries(counts).map(([responder, count]) => ({
      ...answered,
      count,
      responder: responder === 'nobody' ? null : responder,
    }));
    return judge(call, { id: 0, exchanges });
  }

  it('judges shares within five standard deviations', () => {
    const shares = { 'web-v1': 0.9, 'web-v2': 0.1 };
    assert.deepEqual(judged({ shares }, { 'web-v1': 900, 'web-v2': 100 }).differences, []);
    assert.deepEqual(judged({ shares }, { 'web-v1': 860, 'web-v2': 140 }).differences, []);
    assert.deepEqual(judged({ shares }, { 'web-v1': 850, 'web-v2': 150 }).differences, [
      'shop/web-v1 0.9, not 0.85',
      'shop/web-v2 0.1, not 0.15',
    ]);
  });

  it('judges 0 and 1 exactly', () => {
    const shares = { 'web-v1': 1, 'web-v2': 0 };
    assert.deepEqual(judged({ shares }, { 'web-v1': 1000 }).differences, []);
    assert.equal(judged({ shares }, { 'web-v1': 999, 'web-v2': 1 }).differences.length, 2);
  });

  it('needs answers that say who gave them', () => {
    assert.match(
      judged({ shares: { 'web-v1': 1 } }, { nobody: 10 }).differences[0] ?? '',
      /needs the header x-served-by/,
    );
  });

  it('tells how many calls ended otherwise', () => {
    const [call] = calls({ times: 10, expect: { verdict: 'allow' } });
    assert.ok(call);
    const seen = judge(call, {
      id: 0,
      exchanges: [
        { ...answered, count: 7 },
        { ...refused, count: 2 },
      ],
    });
    assert.deepEqual(seen.differences, [
      'verdict allow, not deny (2 of 9 calls)',
      '10 calls, not 9: the others were not tried',
    ]);
    assert.equal(seen.outcome.verdict, 'deny');
  });
});

describe('runTraffic', () => {
  it('makes calls in a process of its own and tells what they see', async () => {
    const port = await listen(echoServer('web', 'http'));
    const wanted = to127(
      calls(
        { times: 200, expect: { verdict: 'allow', status: 200 } },
        { method: 'POST', path: '/a/../b', expect: { verdict: 'allow' } },
        { protocol: 'grpc', path: '/a.B/C', expect: { verdict: 'deny' } },
      ),
      port,
    );
    const told: string[] = [];
    const onSeen = ({ call, differences }: SeenCall) => told.push(`${call.call.protocol} ${differences.join()}`);
    const seen = await runTraffic(wanted, { ...here, onSeen }, new AbortController().signal);
    assert.deepEqual(
      seen.map(({ differences }) => differences),
      [[], [], ['verdict deny, not allow']],
    );
    assert.deepEqual(told.toSorted(), ['grpc verdict deny, not allow', 'http ', 'http ']);
    assert.equal(seen[0]?.outcome.shares.get('1/web'), 1);
  });

  it('says why a call could not be made', async () => {
    const wanted = calls({ expect: { verdict: 'deny' } });
    const signal = new AbortController().signal;
    const without = await runTraffic(wanted, { ...here, exec: () => Promise.resolve(undefined) }, signal);
    assert.deepEqual(without[0]?.differences, ['the call was not made: no pod of shop/buyer runs']);
    const broken = { command: [process.execPath, '-e', 'console.error("no room"); process.exit(1)'], environment: {} };
    const ended = await runTraffic(wanted, { ...here, exec: () => Promise.resolve(broken) }, signal);
    assert.deepEqual(ended[0]?.differences, ['the call was not made: no room']);
    const missing = { command: ['/no/such/program'], environment: {} };
    const failed = await runTraffic(wanted, { ...here, exec: () => Promise.resolve(missing) }, signal);
    assert.match(failed[0]?.differences[0] ?? '', /ENOENT/);
  });

  it('ends with its signal', async () => {
    const end = new AbortController();
    const port = await listen(createServer(() => end.abort()));
    const [seen] = await runTraffic(to127(calls({ expect: { verdict: 'allow' } }), port), here, end.signal);
    assert.deepEqual(seen?.differences, ['the call was not made: interrupted']);
  });
});

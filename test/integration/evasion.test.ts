// Requests made to get past policy that Traffic can't say: byte for byte, to addresses that no Service has, and with an eye
// on what the application gets. On a real mesh, each call from inside a pod.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { LocalMesh } from '../../packages/control-plane/src/local/host/local-mesh.ts';
import { execInPod } from '../../packages/control-plane/src/local/host/local-node.ts';
import type { PodStatus } from '../../packages/control-plane/src/local/pod.ts';
import { scenarioOf } from '../scenarios/load-scenarios.ts';
import { withRealMesh } from '../scenarios/real/real-mesh.ts';
import { testEnvoy } from './local-harness.ts';
import type { Heard } from './say-bytes.ts';

const pod = (namespace: string, name: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}
spec: {serviceAccountName: ${name}, containers: [{name: ${name}, image: ${name}}]}
---`;

const input = `${pod('shop', 'web')}${pod('shop', 'thief')}${pod('stock', 'books')}
apiVersion: v1
kind: Service
metadata: {name: books, namespace: stock}
spec: {selector: {app: books}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: stock}
spec: {matches: [{name: public, pathRegex: /public/.*, methods: [GET, POST]}]}
---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: books, namespace: stock}
spec:
  destination: {kind: ServiceAccount, name: books}
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
  rules: [{kind: HTTPRouteGroup, name: routes}]
`;

const run = promisify(execFile);
const envoy = await testEnvoy();

const books = 'books.stock:80';
function request(line: string, ...headers: readonly string[]): string {
  return [`${line} HTTP/1.1`, 'Host: books.stock', ...headers, '', ''].join('\r\n');
}

const close = 'Connection: close';
/** Of every answer, in order. */
function statuses({ text }: Heard): number[] {
  return [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));
}

/** The headers that the application got, which it tells. */
function seenByBooks({ text }: Heard): Readonly<Record<string, string>> {
  const told = JSON.parse(/^\{.*\}$/m.exec(text)?.[0] ?? '{}') as { headers?: Record<string, string> };
  return told.headers ?? {};
}

describe('requests made to get past policy, byte for byte', { skip: envoy === undefined }, () => {
  let mesh: LocalMesh;
  let pods: readonly PodStatus[];
  let running: Promise<void>;
  const end = new AbortController();
  const finished = Promise.withResolvers<void>();

  before(async () => {
    const ready = Promise.withResolvers<void>();
    const options = { envoy: envoy ?? '', signal: end.signal };
    running = withRealMesh(scenarioOf('evasion', input), options, async started => {
      mesh = started;
      pods = await started.node.client.pods();
      ready.resolve();
      await finished.promise;
    });
    await Promise.race([ready.promise, running]);
  });
  after(async () => {
    finished.resolve();
    await running;
    end.abort();
  });

  const podNamed = (name: string): PodStatus => {
    const found = pods.find(each => each.name === name);
    assert.ok(found, `there is no pod ${name}`);
    return found;
  };
  const say = async (from: string, to: string, text: string): Promise<Heard> => {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(to) ?? [];
    const program = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'say-bytes.ts'),
    ];
    const { command, path } = await execInPod(mesh.runDirectory, podNamed(from), [...program, host, port, text]);
    const [file = '', ...args] = command;
    return JSON.parse((await run(file, args, { env: { PATH: path } })).stdout) as Heard;
  };
  test('who may get in does', async () => {
    assert.deepEqual(statuses(await say('web', books, request('GET /public/a', close))), [200]);
    assert.deepEqual(statuses(await say('thief', books, request('GET /public/a', close))), [403]);
  });

  test('straight to a pod nobody gets through, whom policy lets in neither', async () => {
    for (const from of ['web', 'thief']) {
      const heard = await say(from, `${podNamed('books').ip}:8080`, request('GET /public/a', close));
      assert.deepEqual({ ...heard, end: heard.end === 'reset' ? 'closed' : heard.end }, { text: '', end: 'closed' });
    }
  });

  test('the ports of a sidecar are closed to other pods, its administration above all', async () => {
    const { ip } = podNamed('books');
    const answers = [15_000, 15_001, 15_006, 15_020, 15_021, 15_090, 9901].map(async port => {
      const { text, end } = await say('thief', `${ip}:${port}`, request('GET /config_dump', close));
      assert.equal(text, '', String(port));
      assert.notEqual(end, 'silent', String(port));
    });
    await Promise.all(answers);
  });

  test('an application that calls the ports of its own sidecar gets nowhere, and does no harm', async () => {
    for (const host of ['127.0.0.1', podNamed('web').ip]) {
      for (const port of [15_001, 15_006]) {
        const { text } = await say('web', `${host}:${port}`, request('GET /public/a', close));
        assert.deepEqual(
          statuses({ text, end: 'closed' }).filter(status => status < 400),
          [],
          `${host}:${port}`,
        );
      }
    }
    assert.deepEqual(statuses(await say('web', books, request('GET /public/a', close))), [200]);
  });

  test('an address that is written as IPv6 leads past no sidecar (I5)', async () => {
    const mapped = `::ffff:${podNamed('books').ip}`;
    const table: Readonly<Record<string, readonly [from: string, to: string]>> = {
      'straight to the pod': ['web', `${mapped}:8080`],
      'its administration': ['thief', `${mapped}:15000`],
      'its way in': ['thief', `${mapped}:15006`],
      'the way out of its own sidecar': ['thief', '::1:15001'],
      'a link that is not there': ['thief', 'fe80::1:8080'],
    };
    const answers = Object.entries(table).map(async ([what, [from, to]]) => {
      const { text, end } = await say(from, to, request('GET /config_dump', close));
      assert.deepEqual(
        statuses({ text, end }).filter(status => status < 400),
        [],
        what,
      );
      assert.notEqual(end, 'silent', what);
    });
    await Promise.all(answers);
  });

  test('a request line that is none lets nobody in, whatever it holds', async () => {
    const table: Readonly<Record<string, string>> = {
      'bytes that are no UTF-8': 'GET /public/..\xc0\xafadmin HTTP/1.1',
      'a control character': 'GET /public/\x01 HTTP/1.1',
      'a deleted character': 'GET /public/\x7f HTTP/1.1',
      'two spaces': 'GET  /admin HTTP/1.1',
      'a tab, which may stand for a space': 'GET\t/admin HTTP/1.1',
      'words after the version': 'GET /admin HTTP/1.1 HTTP/1.1',
      'another version': 'GET /admin HTTP/3.0',
      'no version': 'GET /admin',
      'no method': ' /admin HTTP/1.1',
    };
    const answers = Object.entries(table).map(async ([what, line]) => {
      const heard = await say('web', books, `${line}\r\nHost: books.stock\r\n${close}\r\n\r\n`);
      assert.deepEqual(
        statuses(heard).filter(status => status < 400),
        [],
        what,
      );
    });
    await Promise.all(answers);
  });

  test('what is too long or too much is refused, and reaches no application', async () => {
    const long = 'a'.repeat(100_000);
    const many = Array.from({ length: 1000 }, (_, index) => `X-Many-${index}: a`);
    const table: Readonly<Record<string, string>> = {
      'a path': request(`GET /public/${long}`, close),
      'a path with a way back': request(`GET /public/${long}/../../admin`, close),
      'a header': request('GET /public/a', `X-Long: ${long}`, close),
      'the name of a header': request('GET /public/a', `${long}: a`, close),
      'many headers': request('GET /public/a', ...many, close),
      'a method': request(`${'G'.repeat(100_000)} /public/a`, close),
    };
    const answers = Object.entries(table).map(async ([what, text]) => {
      const heard = await say('web', books, text);
      assert.deepEqual(
        statuses(heard).filter(status => status < 400),
        [],
        what,
      );
    });
    await Promise.all(answers);
    assert.deepEqual(statuses(await say('web', books, request('GET /public/a', close))), [200]);
  });

  test('each request on a connection is judged alone, whatever Host it names', async () => {
    const heard = await say(
      'web',
      books,
      [
        request('GET /public/a'),
        'GET /admin HTTP/1.1\r\nHost: public\r\n\r\n',
        'GET /public/b HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n',
        'GET http://127.0.0.1:8080/admin HTTP/1.1\r\nHost: a\r\n\r\n',
        request('DELETE /public/a', close),
      ].join(''),
    );
    assert.deepEqual(statuses(heard), [200, 403, 200, 403, 403]);
  });

  test('what follows an upgrade that nobody makes is no request', async () => {
    const upgrade = (to: string) => request('GET /public/a', 'Connection: Upgrade', `Upgrade: ${to}`);
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    assert.deepEqual(statuses(await say('web', books, upgrade('h2c') + preface)), [200, 400]);
    assert.deepEqual(statuses(await say('web', books, upgrade('h2c') + request('GET /admin', close))), [200, 403]);
    assert.deepEqual(statuses(await say('web', books, upgrade('tunnel') + request('GET /admin', close))), [403]);
  });

  test('requests whose end is in doubt are refused', async () => {
    const smuggled = request('GET /admin', close);
    const table: Readonly<Record<string, readonly string[]>> = {
      'two lengths': ['Content-Length: 0', `Content-Length: ${smuggled.length}`],
      'a length and chunks': [`Content-Length: ${smuggled.length}`, 'Transfer-Encoding: chunked'],
      'a length of no number': ['Content-Length: +0'],
      'a space before the colon': ['Transfer-Encoding : chunked'],
      'a line that begins with a space': [' Transfer-Encoding: chunked'],
      'chunks of another name': ['Transfer-Encoding: xchunked'],
      'a header without a name': [': a'],
    };
    const answers = Object.entries(table).map(async ([what, headers]) => {
      const heard = await say('web', books, request('POST /public/a', ...headers) + smuggled);
      assert.equal(statuses(heard).length, 1, `${what}: ${heard.text}`);
      assert.match(heard.text, /^HTTP\/1\.[01] (?:400|501) /, what);
    });
    await Promise.all(answers);
  });

  test('a carriage return in a value ends no line', async () => {
    const seen = seenByBooks(await say('web', books, request('GET /public/a', 'X-A: a\rX-B: b', close)));
    assert.deepEqual([seen['x-a'], seen['x-b']], ['aX-B: b', undefined]);
  });

  test('a body is no request', async () => {
    const smuggled = request('GET /admin', close);
    const post = request('POST /public/a', `Content-Length: ${smuggled.length}`, close);
    assert.deepEqual(statuses(await say('web', books, post + smuggled)), [200]);
  });

  test('the application learns who calls from the sidecar alone', async () => {
    const forged = 'By=spiffe://cluster.local/ns/a/sa/a;URI=spiffe://cluster.local/ns/shop/sa/admin';
    const seen = seenByBooks(
      await say(
        'web',
        books,
        request(
          'GET /public/a',
          `X-Forwarded-Client-Cert: ${forged}`,
          `x_forwarded_client_cert: ${forged}`,
          `X-Forwarded_Client-Cert: ${forged}`,
          close,
        ),
      ),
    );
    const named = Object.entries(seen).filter(([name]) => name.replaceAll('_', '-') === 'x-forwarded-client-cert');
    assert.equal(named.length, 1);
    assert.match(named[0]?.[1] ?? '', /;URI=spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web$/);
    assert.doesNotMatch(JSON.stringify(seen), /sa\/admin/);
  });

  test('headers that steer an Envoy, or override the method, reach no application', async () => {
    const removed = [
      'x-envoy-original-dst-host',
      'x-envoy-original-path',
      'x-envoy-retry-on',
      'x-envoy-upstream-rq-timeout-ms',
      'x-heddle-path',
      'x-http-method-override',
      'x_http_method_override',
      'x-http_method-override',
      'X-Method-Override',
      'x_http_method',
    ];
    const kept = ['x-original-url', 'x-team', 'x_team', '_method', 'x-forwarded-host'];
    const lines = [...removed, ...kept].map(name => `${name}: DELETE`);
    const seen = seenByBooks(await say('web', books, request('GET /public/a', ...lines, close)));
    assert.deepEqual(
      removed.filter(name => Object.hasOwn(seen, name.toLowerCase())),
      [],
    );
    assert.deepEqual(
      kept.filter(name => !Object.hasOwn(seen, name)),
      [],
    );
  });
});

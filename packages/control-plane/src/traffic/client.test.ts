import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { performCall, serveOrders } from './client.ts';
import { type EchoKind, echoServer } from './echo.ts';
import type { CallOrder, CallReport, ExchangeCount } from './order.ts';

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

async function echo(kind: EchoKind): Promise<number> {
  return await listen(echoServer('web', kind));
}

function order(port: number, fields: Partial<CallOrder> = {}): CallOrder {
  const call = { id: 1, host: '127.0.0.1', port, protocol: 'http', method: 'GET', path: '/', headers: [] } as const;
  return { ...call, times: 1, timeout: 5000, ...fields };
}

async function only(wanted: CallOrder): Promise<ExchangeCount> {
  const { exchanges } = await performCall(wanted);
  const [exchange] = exchanges;
  assert.ok(exchange !== undefined && exchanges.length === 1, JSON.stringify(exchanges));
  return exchange;
}

/** The bytes that a call writes. */
async function written(fields: Partial<CallOrder>): Promise<string> {
  let bytes = '';
  const port = await listen(
    createServer(socket => {
      socket.on('error', () => {});
      socket.on('data', chunk => {
        bytes += chunk.toString();
        socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    }),
  );
  assert.equal((await only(order(port, fields))).status, 200);
  return bytes.replaceAll(String(port), 'PORT');
}

describe('performCall', () => {
  it('writes requests as they are given', async () => {
    const headers = [
      ['X-A', '1'],
      ['x-a', '2'],
      ['Cookie', 'a=b'],
    ] as const;
    assert.equal(
      await written({ method: 'PuRGE', path: '/a/../b//c%2f"<>', headers }),
      'PuRGE /a/../b//c%2f"<> HTTP/1.1\r\nhost: 127.0.0.1:PORT\r\nX-A: 1\r\nx-a: 2\r\nCookie: a=b\r\n\r\n',
    );
    assert.equal(
      await written({
        path: 'http://other/x',
        headers: [
          ['HOST', 'a'],
          ['Host', 'b'],
        ],
      }),
      'GET http://other/x HTTP/1.1\r\nHOST: a\r\nHost: b\r\n\r\n',
    );
    assert.equal(
      await written({ method: 'OPTIONS', path: '*', headers: [['host', '']] }),
      'OPTIONS * HTTP/1.1\r\nhost: \r\n\r\n',
    );
  });

  for (const protocol of ['http', 'h2', 'grpc'] as const) {
    it(`makes many calls over few connections: ${protocol}`, async () => {
      const server = echoServer('web', 'http');
      let connections = 0;
      server.on('connection', () => {
        connections += 1;
      });
      const exchange = await only(order(await listen(server), { protocol, times: 500 }));
      const { end, status, grpcStatus, responder, count } = exchange;
      assert.deepEqual(
        { end, status, grpcStatus, responder, count },
        { end: 'answered', status: 200, grpcStatus: protocol === 'grpc' ? 0 : null, responder: 'web', count: 500 },
      );
      assert.ok(connections <= 8, `${connections} connections`);
    });
  }

  it('takes headers to HTTP/2', async () => {
    const headers = [
      ['X-A', '1'],
      ['x-a', '2'],
      ['Host', 'books'],
    ] as const;
    assert.equal((await only(order(await echo('http'), { protocol: 'h2', path: '/x?y', headers }))).status, 200);
    const refused = await only(order(await echo('http'), { protocol: 'h2', headers: [['connection', 'x']] }));
    assert.equal(refused.end, 'closed');
  });

  for (const kind of ['tcp', 'greet'] as const) {
    it(`says a line over TCP and reads the answer: ${kind}`, async () => {
      const exchange = await only(order(await echo(kind), { protocol: 'tcp', times: 20 }));
      assert.deepEqual([exchange.end, exchange.responder, exchange.count], ['answered', 'web', 20]);
    });
  }

  it('is answered on one port whatever it says', async () => {
    const port = await echo('any');
    for (const protocol of ['http', 'h2', 'grpc', 'tcp'] as const) {
      const { end, responder } = await only(order(port, { protocol }));
      assert.deepEqual([end, responder], ['answered', 'web']);
    }
    const { status, responder } = await only(order(port, { method: 'PURGE-ALL' }));
    assert.deepEqual([status, responder], [200, 'web']);
  });

  it('tells how exchanges end without an answer', async () => {
    const closing = await listen(createServer(socket => socket.end()));
    const resetting = await listen(createServer(socket => socket.once('data', () => socket.resetAndDestroy())));
    const silent = await listen(createServer(() => {}));
    const gone = createServer();
    const port = await listen(gone);
    gone.close();
    await once(gone, 'close');
    for (const protocol of ['http', 'tcp'] as const) {
      assert.equal((await only(order(closing, { protocol }))).end, 'closed');
      assert.equal((await only(order(resetting, { protocol }))).end, 'reset');
      assert.equal((await only(order(silent, { protocol, timeout: 20 }))).end, 'timeout');
      assert.equal((await only(order(port, { protocol }))).end, 'unreachable');
    }
    for (const protocol of ['h2', 'grpc'] as const) {
      assert.equal((await only(order(port, { protocol }))).end, 'unreachable');
      assert.equal((await only(order(silent, { protocol, timeout: 20 }))).end, 'timeout');
      assert.notEqual((await only(order(closing, { protocol }))).end, 'answered');
    }
    const unnamed = await only(order(port, { host: 'no-such-name.invalid', times: 7 }));
    assert.deepEqual([unnamed.end, unnamed.count], ['unreachable', 7]);
  });

  it('gives up after several exchanges in vain', async () => {
    const silent = await listen(createServer(() => {}));
    const { count } = await only(order(silent, { times: 1000, timeout: 20 }));
    assert.ok(count < 20, `${count} exchanges`);
  });

  it('sends a request again where a kept connection turns out to be closed', async () => {
    const server = createHttpServer((_, response) => response.end());
    let answered = 0;
    const port = await listen(server);
    server.on('request', (request, response) => {
      response.on('finish', () => {
        answered += 1;
        request.socket.destroy();
      });
    });
    const exchange = await only(order(port, { times: 20 }));
    assert.deepEqual([exchange.status, exchange.count], [200, 20]);
    assert.ok(answered >= 20);
  });
});

describe('serveOrders', () => {
  it('reports each call', async () => {
    const port = await echo('http');
    const reports = Promise.withResolvers<CallReport[]>();
    const said: CallReport[] = [];
    async function* lines(): AsyncGenerator<string> {
      for (const id of [1, 2, 3, 4, 5, 6]) yield JSON.stringify(order(port, { id }));
      await reports.promise;
    }
    await serveOrders(lines(), line => {
      said.push(JSON.parse(line) as CallReport);
      if (said.length === 6) reports.resolve(said);
    });
    assert.deepEqual(
      said.map(({ id }) => id).toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5, 6],
    );
  });
});

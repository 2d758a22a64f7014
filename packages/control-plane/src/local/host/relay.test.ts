import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { startRelay } from './relay.ts';

let directory = '';
let end = new AbortController();
const servers = new Set<TcpServer>();
const sockets = new Set<Socket>();
const host = '127.0.0.1';

function socketPath(): string {
  return join(directory, 'door.sock');
}

async function open(server: TcpServer, at: { path: string } | { port: number }): Promise<void> {
  servers.add(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(at);
  await once(server, 'listening');
}

async function door(server: TcpServer): Promise<number> {
  await open(server, { path: socketPath() });
  return await relayed();
}

async function relayed(port = 0): Promise<number> {
  return (await startRelay({ host, port, socketPath: socketPath() }, end.signal)).port;
}

async function get(port: number): Promise<{ status: number | undefined; body: string }> {
  const ask = request({ host, port, agent: false }).end();
  const [response] = await once(ask, 'response');
  return { status: response.statusCode, body: await text(response) };
}

async function aborted(socket: Socket): Promise<void> {
  socket.on('error', () => {}); // a reset is one way to end
  if (!socket.closed) await once(socket, 'close');
}

describe('startRelay', () => {
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'heddle-relay-'));
    end = new AbortController();
  });

  afterEach(() => {
    end.abort();
    for (const server of servers) server.close();
    for (const socket of sockets) socket.destroy();
    servers.clear();
    sockets.clear();
    rmSync(directory, { recursive: true, force: true });
  });

  it('says that the front door is not ready, until it is', async () => {
    const port = await relayed();
    const { status, body } = await get(port);
    assert.deepEqual([status, body], [503, 'The front door is not ready yet: try again in a moment.\n']);
    const server = createServer((_, response) => response.end('hello'));
    await open(server, { path: socketPath() });
    assert.deepEqual(await get(port), { status: 200, body: 'hello' });
  });

  it('carries large bodies both ways', async () => {
    const port = await door(createServer((incoming, response) => void incoming.pipe(response)));
    const body = randomBytes(8 * 1024 * 1024);
    const ask = request({ host, port, method: 'POST', agent: false });
    ask.end(body);
    const [response] = await once(ask, 'response');
    assert.ok(body.equals(await buffer(response)));
  });

  it('holds little for a reader that is slow', async () => {
    const total = 64 * 1024 * 1024;
    const chunk = Buffer.alloc(64 * 1024);
    let [written, read, mostHeld] = [0, 0, 0];
    const server = createTcpServer(socket => {
      const fill = () => {
        while (written < total) {
          written += chunk.length;
          mostHeld = Math.max(mostHeld, written - read);
          if (!socket.write(chunk)) return;
        }
        socket.end();
      };
      socket.on('drain', fill);
      fill();
    });
    const client = connect(await door(server), host);
    for await (const part of client) {
      read += (part as Buffer).length;
      await setImmediate();
    }
    assert.equal(read, total);
    assert.ok(mostHeld < total / 4, `${mostHeld} bytes were held`);
  });

  it('lets one direction end before the other', async () => {
    const server = createTcpServer({ allowHalfOpen: true }, socket => {
      void text(socket).then(said => socket.end(`you said ${said}`));
    });
    const port = await door(server);
    const client = connect({ host, port, allowHalfOpen: true });
    client.end('hello');
    assert.equal(await text(client), 'you said hello');
  });

  it('carries upgraded connections', async () => {
    const server = createServer();
    server.on('upgrade', (_, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    const port = await door(server);
    const ask = request({ host, port, agent: false, headers: { connection: 'upgrade', upgrade: 'echo' } }).end();
    const [, socket] = (await once(ask, 'upgrade')) as [unknown, Socket];
    socket.write('ping');
    const [chunk] = await once(socket, 'data');
    assert.equal(String(chunk), 'ping');
    socket.destroy();
  });

  it('breaks off when the caller does, and when the front door does', async () => {
    const accepted: PromiseWithResolvers<Socket>[] = [Promise.withResolvers(), Promise.withResolvers()];
    let count = 0;
    const port = await door(createTcpServer(socket => accepted[count++]?.resolve(socket)));
    const [first, second] = accepted;
    assert.ok(first && second);
    const caller = connect(port, host);
    caller.write('x');
    const taken = await first.promise;
    taken.resume();
    caller.resetAndDestroy();
    await aborted(taken);
    const other = connect(port, host);
    (await second.promise).destroy();
    other.resume();
    await aborted(other);
  });

  it('takes the next port where one is taken', async () => {
    const taken = createTcpServer();
    await open(taken, { port: 0 });
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    assert.ok((await relayed(address.port)) > address.port);
  });

  it('ends with its signal', async () => {
    const port = await door(createTcpServer(() => {}));
    const client = connect(port, host);
    await once(client, 'connect');
    end.abort();
    client.resume();
    await aborted(client);
    const refused = connect(port, host);
    const [error] = await once(refused, 'error');
    assert.equal(error.code, 'ECONNREFUSED');
    await assert.rejects(startRelay({ host, port: 0, socketPath: socketPath() }, end.signal));
  });
});

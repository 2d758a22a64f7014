/**
 * `node hold-open.ts HOST`: opens a TCP connection (port 3306), a WebSocket (8080, `/chat`) and a gRPC stream (9000), says
 * something on each every moment, and prints a line of JSON for each thing that happens to one. It is both ends: with
 * `serve` in the place of a host it answers them all.
 */
import { createServer as createHttpServer, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { connect, createServer } from 'node:net';
import type { Duplex } from 'node:stream';

/** A line that it prints. */
export interface Happening {
  readonly what: 'tcp' | 'websocket' | 'grpc';
  /** It has been opened, something came back, it has ended, or it was never let in. */
  readonly event: 'open' | 'answer' | 'end' | 'refused';
}

const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
const grpcPath = '/db.Db/Watch';
const moment = 100;

function serve(): void {
  createServer(socket => {
    socket.on('error', () => {}); // the client is gone
    socket.write('hello\n');
    socket.pipe(socket);
  }).listen(3306);
  const http = createHttpServer((_, response) => response.end('ok\n'));
  http.on('upgrade', (_, socket) => {
    socket.on('error', () => {}); // the client is gone
    socket.write(upgrade);
    socket.pipe(socket);
  });
  http.listen(8080);
  const grpc = createHttp2Server();
  grpc.on('stream', stream => {
    stream.on('error', () => {}); // the client is gone
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.pipe(stream);
  });
  grpc.listen(9000);
}

function say(what: Happening['what'], event: Happening['event']): void {
  process.stdout.write(`${JSON.stringify({ what, event } satisfies Happening)}\n`);
}

function hold(what: Happening['what'], stream: Duplex): void {
  const timer = setInterval(() => stream.write(Buffer.from([0, 0, 0, 0, 1, 120])), moment);
  let isOpen = false;
  stream.on('data', () => {
    say(what, isOpen ? 'answer' : 'open');
    isOpen = true;
  });
  stream.on('error', () => {}); // its end tells
  stream.on('close', () => {
    clearInterval(timer);
    say(what, isOpen ? 'end' : 'refused');
  });
}

function holdAll(host: string): void {
  hold('tcp', connect(3306, host));
  const headers = { connection: 'Upgrade', upgrade: 'websocket' };
  const asking = request({ host, port: 8080, path: '/chat', headers });
  asking.on('upgrade', (_, socket) => hold('websocket', socket));
  asking.on('response', () => say('websocket', 'refused'));
  asking.on('error', () => say('websocket', 'refused'));
  asking.end();
  const session = connectHttp2(`http://${host}:9000`);
  session.on('error', () => {}); // its stream tells
  hold(
    'grpc',
    session.request({ ':method': 'POST', ':path': grpcPath, 'content-type': 'application/grpc', te: 'trailers' }),
  );
}

if (import.meta.main) {
  const [host = ''] = process.argv.slice(2);
  if (host === 'serve') serve();
  else holdAll(host);
}

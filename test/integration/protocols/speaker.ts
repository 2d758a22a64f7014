/**
 * `node speaker.ts serve CERTIFICATE KEY`: answers TLS of its own (8443), HTTP/1.1 with WebSockets (8080), HTTP/2 without
 * TLS, gRPC too (8081). `node speaker.ts ask HOST ROOTS`: asks for all of it, and prints what came of it as JSON.
 */
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';

/** What a client saw. */
export interface Seen {
  /** What the server said, and the name in the certificate that it showed; or how it failed. */
  readonly tls: string;
  /** What came back on a WebSocket; or the status of its refusal. */
  readonly websocket: string;
  /** Status of a GET over HTTP/2. */
  readonly http2: string;
  /** HTTP and gRPC status of a call. */
  readonly grpc: string;
}

function serve(certificate: string, key: string): void {
  const pair = { cert: readFileSync(certificate), key: readFileSync(key) };
  createTlsServer(pair, socket => {
    socket.on('error', () => {}); // the client is gone
    socket.end('over TLS of its own');
  }).listen(8443);
  const http = createHttpServer((_, response) => response.end('ok'));
  http.on('upgrade', (_, socket) => {
    socket.on('error', () => {}); // the client is gone
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  http.listen(8080);
  const http2 = createHttp2Server();
  http2.on('stream', (stream, headers) => {
    stream.on('error', () => {}); // the client is gone
    const grpc = headers['content-type'] === 'application/grpc';
    stream.respond({ ':status': 200, ...(grpc && { 'content-type': 'application/grpc' }) }, { waitForTrailers: grpc });
    if (grpc) stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(grpc ? Buffer.alloc(5) : 'ok');
  });
  http2.listen(8081);
}

async function askTls(host: string, ca: Buffer): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connectTls({ host, port: 8443, ca, servername: 'inside.example' });
  socket.on('data', said => resolve(`${said} as ${socket.getPeerCertificate().subjectaltname}`));
  socket.on('error', ({ message }) => resolve(`failed: ${/reset|disconnected/.test(message) ? 'closed' : message}`));
  socket.on('close', () => resolve('failed: closed'));
  return await promise;
}

async function askWebSocket(host: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const asking = request({ host, port: 8080, path: '/chat', headers: { connection: 'Upgrade', upgrade: 'websocket' } });
  asking.on('upgrade', (_, socket) => {
    socket.on('data', back => {
      resolve(String(back));
      socket.destroy();
    });
    socket.write('frame');
  });
  asking.on('response', ({ statusCode }) => resolve(String(statusCode)));
  asking.on('error', ({ message }) => resolve(message));
  asking.end();
  return await promise;
}

async function askHttp2(host: string, path: string, grpc: boolean): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const session = connectHttp2(`http://${host}:8081`);
  session.on('error', ({ message }) => resolve(message));
  const of = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ':path': path, ...(grpc && of) }, { endStream: !grpc });
  const seen: string[] = [];
  const note = (headers: IncomingHttpHeaders) => {
    for (const name of [':status', 'grpc-status']) if (headers[name] !== undefined) seen.push(String(headers[name]));
  };
  stream
    .on('response', note)
    .on('trailers', note)
    .on('error', ({ message }) => resolve(message));
  stream.on('end', () => resolve(seen.join(' '))).resume();
  if (grpc) stream.end(Buffer.alloc(5));
  return await promise.finally(() => session.destroy());
}

async function ask(host: string, roots: string): Promise<Seen> {
  const [tls, websocket, http2, grpc] = await Promise.all([
    askTls(host, readFileSync(roots)),
    askWebSocket(host),
    askHttp2(host, '/page', false),
    askHttp2(host, '/db.Db/Get', true),
  ]);
  return { tls, websocket, http2, grpc };
}

if (import.meta.main) {
  const [what, first = '', second = ''] = process.argv.slice(2);
  if (what === 'serve') serve(first, second);
  else {
    process.stdout.write(JSON.stringify(await ask(first, second)));
    process.exit();
  }
}

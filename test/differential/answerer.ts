/**
 * A program that answers whatever reaches it, however odd, and says in the header `x-served-by` who it is and what came:
 * its name, and of a request the method, the target and the authority, e.g. `shop/web GET /books?x web.shop:80`.
 *
 * `node answerer.ts NAME any=8080 greet=3306`: on `any` ports it answers HTTP/1.1 and HTTP/2, gRPC too, with 200, and bytes that
 * are no request with a line; on `greet` ports it says that line first, as server-first protocols do. It parses no more of
 * HTTP/1.1 than it must, so that nothing is refused by a server where only the mesh is to refuse.
 */
import { createServer as createHttp2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';

/** How a port answers. */
export type AnswererKind = 'any' | 'greet';

/** A server that answers as `name`, not yet listening. */
export function answerer(name: string, kind: AnswererKind): Server {
  const http2 = createHttp2Server();
  http2.on('stream', (stream, headers) => answerStream(stream, headers, name));
  return createServer(socket => {
    socket.on('error', () => {}); // it is gone, which is all there is to say
    if (kind === 'greet') socket.write(lineOf(name));
    else socket.once('readable', () => answerSocket(socket, name, connection => http2.emit('connection', connection)));
  });
}

const preface = 'PRI * HTTP/2.0';
const requestLine = /^(\S+) (.*) HTTP\/1\.[01]\r\n/;

function answerSocket(socket: Socket, name: string, asHttp2: (socket: Socket) => void): void {
  const start = socket.read() as Buffer | null;
  if (start === null) {
    socket.end(); // it ended before it said anything
    return;
  }
  if (preface.startsWith(start.subarray(0, preface.length).toString('latin1'))) {
    socket.unshift(start);
    asHttp2(socket);
  } else if (requestLine.test(start.toString('latin1'))) {
    let pending = '';
    socket.on('data', chunk => {
      pending = answerRequests(socket, name, pending + chunk.toString('latin1'));
    });
    socket.unshift(start);
  } else {
    socket.write(lineOf(name));
    socket.resume();
  }
}

/** Answers each whole request; returns what is left. None of them has a body. */
function answerRequests(socket: Socket, name: string, text: string): string {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return text;
  const [, method, target] = requestLine.exec(text) ?? [];
  const [, host = ''] = /\r\nhost:[ \t]*(.*?)[ \t]*\r\n/i.exec(text.slice(0, end + 2)) ?? [];
  const fields = ['HTTP/1.1 200 OK', `x-served-by: ${name} ${method} ${target} ${host}`, 'content-length: 0', '', ''];
  socket.write(fields.join('\r\n'), 'latin1');
  return answerRequests(socket, name, text.slice(end + 4));
}

function answerStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, name: string): void {
  stream.on('error', () => {}); // it is gone, which is all there is to say
  stream.resume();
  const { ':method': method, ':path': path, ':authority': host = '' } = headers;
  const fields = { ':status': 200, 'x-served-by': `${name} ${method} ${path} ${host}` };
  if (headers['content-type']?.startsWith('application/grpc') === true) {
    stream.respond({ ...fields, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  } else {
    stream.respond(fields, { endStream: true });
  }
}

function lineOf(name: string): string {
  return `x-served-by: ${name}\n`;
}

if (import.meta.main) {
  const [, , name = '', ...ports] = process.argv;
  for (const port of ports) {
    const [, kind, number] = /^(any|greet)=(\d+)$/.exec(port) ?? [];
    if (kind === undefined) throw new Error(`${port} is not any=PORT or greet=PORT`);
    answerer(name, kind as AnswererKind).listen(Number(number));
  }
  process.on('SIGTERM', () => process.exit());
}

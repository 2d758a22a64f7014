/**
 * A program that answers whoever gets through to it and says who it is: the application of scenarios and tests.
 *
 * `node echo.ts NAME http=8080 tcp=9000 greet=3306`: on `http` ports it answers HTTP/1.1 and HTTP/2 alike with 200, the header
 * `x-served-by` and the request as JSON (gRPC: an empty message and status 0); upgrades are echoed. On `tcp` ports it sends back
 * what comes, after a line that names it; on `greet` ports it says that line first, as server-first protocols do.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';

/** How a port answers. */
export type EchoKind = 'http' | 'tcp' | 'greet';

/** A server that answers as `name`, not yet listening. */
export function echoServer(name: string, kind: EchoKind): Server {
  return kind === 'http' ? httpEcho(name) : createServer(socket => echoBytes(socket, name, kind));
}

const preface = 'PRI * HTTP/2.0';

/** One port for both: the first bytes of HTTP/2 are no request of HTTP/1.1. */
function httpEcho(name: string): Server {
  const http1 = createHttpServer({ keepAliveTimeout: 0 }, (request, response) => answer(request, response, name));
  http1.on('upgrade', (_, socket) => {
    socket.on('error', () => {}); // it is gone, which is all there is to say
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\nx-served-by: ${name}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  const http2 = createHttp2Server((request, response) => answer(request, response, name));
  return createServer(socket => {
    socket.on('error', () => {}); // it is gone, which is all there is to say
    socket.once('readable', () => {
      const start = socket.read() as Buffer | null;
      if (start === null) {
        socket.end(); // it ended before it said anything
        return;
      }
      const isHttp2 = preface.startsWith(start.subarray(0, preface.length).toString('latin1'));
      socket.unshift(start);
      (isHttp2 ? http2 : http1).emit('connection', socket);
    });
  });
}

type Request = IncomingMessage | Http2ServerRequest;

function answer(request: Request, response: ServerResponse | Http2ServerResponse, name: string): void {
  request.resume();
  if (request.headers['content-type']?.startsWith('application/grpc') === true && 'stream' in response) {
    answerGrpc(response, name);
    return;
  }
  const { method, url, headers } = request;
  const text = `${JSON.stringify({ identity: name, method, path: url, headers })}\n`;
  const fields = { 'x-served-by': name, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  if ('stream' in response) response.writeHead(200, fields);
  else response.writeHead(200, fields);
  response.end(text);
}

function answerGrpc(response: Http2ServerResponse, name: string): void {
  response.writeHead(200, { 'content-type': 'application/grpc', 'x-served-by': name });
  response.addTrailers({ 'grpc-status': '0' });
  response.end(Buffer.alloc(5));
}

function echoBytes(socket: Socket, name: string, kind: EchoKind): void {
  const line = `x-served-by: ${name}\n`;
  socket.on('error', () => {}); // it is gone, which is all there is to say
  if (kind === 'greet') socket.write(line);
  else socket.once('data', () => socket.write(line));
  socket.on('data', chunk => socket.write(chunk));
}

function main([name = 'echo', ...ports]: readonly string[]): void {
  for (const port of ports) {
    const [, kind, number] = /^(http|tcp|greet)=(\d+)$/.exec(port) ?? [];
    if (kind === undefined) throw new Error(`${port} is not http=PORT, tcp=PORT or greet=PORT`);
    echoServer(name, kind as EchoKind).listen(Number(number));
  }
  process.on('SIGTERM', () => process.exit());
}

if (import.meta.main) main(process.argv.slice(2));

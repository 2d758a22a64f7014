/**
 * A program that answers whoever gets through to it and says who it is: the application of scenarios and tests.
 *
 * `node echo.ts NAME http=8080 tcp=9000 greet=3306`: on `http` ports it answers HTTP/1.1 and HTTP/2 alike with 200, the header
 * `x-served-by` and the request as JSON (gRPC: an empty message and status 0); upgrades are echoed. On `tcp` ports it sends back
 * what comes, after a line that names it; on `greet` ports it says that line first, as server-first protocols do; on `any` ports
 * it answers requests as on `http` ports and everything else as on `tcp` ports.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** How a port answers. */
export type EchoKind = 'http' | 'tcp' | 'greet' | 'any';

/** A server that answers as `name`, not yet listening. */
export function echoServer(name: string, kind: EchoKind): Server {
  if (kind === 'tcp' || kind === 'greet') return createServer(socket => echoBytes(socket, name, kind));
  return httpEcho(name, kind);
}

const preface = 'PRI * HTTP/2.0';
const requestLine = /^[A-Z-]+ \S+ HTTP\/1\.[01]\r?\n/;

/** One port for both: the first bytes of HTTP/2 are no request of HTTP/1.1. */
function httpEcho(name: string, kind: 'http' | 'any'): Server {
  const http1 = createHttpServer({ keepAliveTimeout: 0 }, (request, response) => answer(request, response, name));
  http1.on('upgrade', (_, socket) => {
    socket.on('error', () => {}); // it is gone, which is all there is to say
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\nx-served-by: ${name}\r\n\r\n`,
    );
    socket.pipe(socket);
  });
  http1.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket, name));
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
      const isHttp = isHttp2 || kind === 'http' || requestLine.test(start.toString('latin1'));
      socket.unshift(start);
      if (isHttp) (isHttp2 ? http2 : http1).emit('connection', socket);
      else echoBytes(socket, name, 'tcp');
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

/** Node refuses methods that it has not heard of; whoever made one up gets an answer all the same. */
function refuse({ code }: NodeJS.ErrnoException, socket: Duplex, name: string): void {
  if (!socket.writable) return;
  const status = code === 'HPE_INVALID_METHOD' ? '200 OK' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nx-served-by: ${name}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
}

function answerGrpc(response: Http2ServerResponse, name: string): void {
  response.writeHead(200, { 'content-type': 'application/grpc', 'x-served-by': name });
  response.addTrailers({ 'grpc-status': '0' });
  response.end(Buffer.alloc(5));
}

function echoBytes(socket: Socket, name: string, kind: 'tcp' | 'greet'): void {
  const line = `x-served-by: ${name}\n`;
  socket.on('error', () => {}); // it is gone, which is all there is to say
  if (kind === 'greet') socket.write(line);
  else socket.once('data', () => socket.write(line));
  socket.on('data', chunk => socket.write(chunk));
}

function main([name = 'echo', ...ports]: readonly string[]): void {
  for (const port of ports) {
    const [, kind, number] = /^(http|tcp|greet|any)=(\d+)$/.exec(port) ?? [];
    if (kind === undefined) throw new Error(`${port} is not http=PORT, tcp=PORT, greet=PORT or any=PORT`);
    echoServer(name, kind as EchoKind).listen(Number(number));
  }
  process.on('SIGTERM', () => process.exit());
}

if (import.meta.main) main(process.argv.slice(2));

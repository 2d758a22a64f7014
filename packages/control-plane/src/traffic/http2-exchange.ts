/** HTTP/2 without TLS, known beforehand, and gRPC over it. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import type { Exchanger, ResolvedOrder } from './http-exchange.ts';
import { type HttpAnswer, readAnswer, readGrpcAnswer } from './mesh-answer.ts';
import { type Exchange, unanswered } from './order.ts';

/** A gRPC message of no bytes, uncompressed: one byte of flags, four of length. */
const emptyMessage = Buffer.alloc(5);

/** Exchanges over one HTTP/2 connection, which is made anew when it has ended. */
export class Http2Exchanger implements Exchanger {
  readonly #order: ResolvedOrder;
  #session: ClientHttp2Session | undefined;

  constructor(order: ResolvedOrder) {
    this.#order = order;
  }

  async exchange(): Promise<Exchange> {
    const session = this.#open();
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const { timeout, protocol } = this.#order;
    const timer = setTimeout(() => resolve(unanswered('timeout', `nothing came back within ${timeout} ms`)), timeout);
    const onError = (error: Error) => resolve(unanswered(endOf(error), error.message));
    const onClose = () => resolve(unanswered('closed', 'the connection was closed'));
    session.on('error', onError).on('close', onClose);
    try {
      const stream = session.request(headersOf(this.#order), { endStream: protocol !== 'grpc' });
      if (protocol === 'grpc') stream.end(emptyMessage);
      stream.on('error', onError).on('close', onClose);
      collect(stream, answer => resolve(protocol === 'grpc' ? readGrpcAnswer(answer) : readAnswer(answer)));
      const exchange = await promise;
      if (!stream.closed) stream.close();
      return exchange;
    } catch (error) {
      // Node refuses headers that HTTP/2 does not have.
      return unanswered('closed', error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      session.off('error', onError).off('close', onClose);
    }
  }

  close(): void {
    this.#session?.destroy();
  }

  #open(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connect(`http://${this.#order.address}:${this.#order.port}`);
      this.#session.on('error', () => {}); // told to the exchange that is under way
    }
    return this.#session;
  }
}

function headersOf({ headers, method, path, host, port, protocol }: ResolvedOrder): Record<string, string | string[]> {
  const grpc = protocol === 'grpc' ? { 'content-type': 'application/grpc', te: 'trailers' } : {};
  const fields: Record<string, string | string[]> = { ':authority': `${host}:${port}`, ...grpc };
  const given = new Set<string>();
  for (const [written, text] of headers) {
    const value = bytesOf(text);
    const name = written.toLowerCase() === 'host' ? ':authority' : written.toLowerCase();
    const before = given.has(name) ? fields[name] : undefined;
    given.add(name);
    fields[name] = before === undefined ? value : [before, value].flat();
  }
  return { ...fields, ':method': protocol === 'grpc' ? 'POST' : method, ':path': bytesOf(path), ':scheme': 'http' };
}

/** Node puts one byte for each character on the wire. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function collect(stream: ClientHttp2Stream, done: (answer: HttpAnswer) => void): void {
  const headers = new Map<string, string>();
  const take = (fields: IncomingHttpHeaders) => {
    for (const [name, value] of Object.entries(fields))
      if (value !== undefined) headers.set(name, [value].flat().join(', '));
  };
  let status: number | undefined;
  let body = '';
  stream.setEncoding('utf8');
  stream.on('response', fields => {
    status = fields[':status'];
    take(fields);
  });
  stream.on('trailers', take);
  stream.on('data', (chunk: string) => {
    if (body.length < 65_536) body += chunk;
  });
  stream.on('end', () => {
    if (status !== undefined && stream.rstCode === 0) done({ status, headers, body });
  });
}

/** A stream that waited for its connection is told of the connection's error as the cause of its own. */
function endOf(error: Error): 'unreachable' | 'reset' {
  const errors: readonly unknown[] = [error, error.cause];
  const isBefore = errors.some(each => each instanceof Error && 'syscall' in each && each.syscall === 'connect');
  return isBefore ? 'unreachable' : 'reset';
}

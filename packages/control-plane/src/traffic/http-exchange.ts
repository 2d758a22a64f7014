/** HTTP/1.1 and bare TCP, byte for byte: requests go out exactly as they are written. */
import { connect, type Socket } from 'node:net';
import { readAnswer, readTcpAnswer } from './mesh-answer.ts';
import { type CallOrder, type Exchange, unanswered } from './order.ts';
import { type HttpResponse, MalformedResponse, ResponseReader } from './response-reader.ts';

/** An order, and the address that its host has. */
export interface ResolvedOrder extends CallOrder {
  readonly address: string;
}

/** Makes exchanges of one order, one after the other; `close` ends what is still open. */
export interface Exchanger {
  exchange(): Promise<Exchange>;
  close(): void;
}

/** Exchanges of HTTP/1.1 over a connection that is kept for as long as the other side keeps it. */
export class Http1Exchanger implements Exchanger {
  readonly #order: ResolvedOrder;
  readonly #request: Buffer;
  #socket: Socket | undefined;

  constructor(order: ResolvedOrder) {
    this.#order = order;
    this.#request = requestBytes(order);
  }

  /** A kept connection that turns out to be closed is no answer: the request is sent once more, over a new one. */
  async exchange(): Promise<Exchange> {
    const kept = this.#socket;
    this.#socket = undefined;
    const isOpen = kept !== undefined && !kept.destroyed && kept.readyState === 'open';
    const first = isOpen ? await this.#over(kept) : undefined;
    if (first !== undefined && first.end !== 'closed' && first.end !== 'reset') return first;
    return await this.#over(connectTo(this.#order));
  }

  close(): void {
    this.#socket?.destroy();
  }

  async #over(socket: Socket): Promise<Exchange> {
    const reader = new ResponseReader(this.#order.method);
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const finish = (response: HttpResponse) => {
      if (response.reusable) this.#socket = socket;
      resolve(readAnswer(response));
    };
    const stop = watch(socket, this.#order, {
      data: chunk => {
        try {
          const response = reader.push(chunk);
          if (response !== undefined) finish(response);
        } catch (error) {
          if (!(error instanceof MalformedResponse)) throw error;
          resolve(unanswered('closed', error.message));
        }
      },
      end: (end, detail) => {
        const response = end === 'closed' ? reader.end() : undefined;
        if (response === undefined) resolve(unanswered(end, detail));
        else finish(response);
      },
    });
    socket.write(this.#request);
    const exchange = await promise;
    stop();
    if (this.#socket !== socket) socket.destroy();
    return exchange;
  }
}

/** What a TCP call says; a line, so that servers that read lines answer. */
const greeting = 'hello\n';

/** Connections of bare TCP: each says a line and waits for anything to come back. */
export class TcpExchanger implements Exchanger {
  readonly #order: ResolvedOrder;

  constructor(order: ResolvedOrder) {
    this.#order = order;
  }

  async exchange(): Promise<Exchange> {
    const socket = connectTo(this.#order);
    const { promise, resolve } = Promise.withResolvers<Exchange>();
    const stop = watch(socket, this.#order, {
      data: chunk => resolve(readTcpAnswer(chunk.toString())),
      end: (end, detail) => resolve(unanswered(end, detail)),
    });
    socket.write(greeting);
    const exchange = await promise;
    stop();
    socket.destroy();
    return exchange;
  }

  close(): void {}
}

function connectTo({ address, port }: ResolvedOrder): Socket {
  const socket = connect({ host: address, port, noDelay: true });
  socket.on('error', () => {}); // between exchanges it concerns nobody
  return socket;
}

interface Watcher {
  data(chunk: Buffer): void;
  end(end: 'closed' | 'reset' | 'timeout' | 'unreachable', detail: string): void;
}

/** Reports what happens on a socket until it is told to stop. */
function watch(socket: Socket, { timeout }: ResolvedOrder, watcher: Watcher): () => void {
  let connected = !socket.connecting;
  const timer = setTimeout(() => {
    const what = connected ? 'nothing came back' : 'no connection';
    watcher.end('timeout', `${what} within ${timeout} ms`);
  }, timeout);
  const onConnect = () => {
    connected = true;
  };
  const onData = (chunk: Buffer) => watcher.data(chunk);
  const onEnd = () => watcher.end('closed', 'the connection was closed');
  const onError = (error: Error) => watcher.end(connected ? 'reset' : 'unreachable', error.message);
  socket.on('connect', onConnect).on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);
  return () => {
    clearTimeout(timer);
    socket.off('connect', onConnect).off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onError);
  };
}

function requestBytes({ method, path, headers, host, port }: CallOrder): Buffer {
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const all = hasHost ? headers : [['host', `${host}:${port}`] as const, ...headers];
  const lines = [`${method} ${path} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

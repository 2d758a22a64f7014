/** Relays a TCP port of the host to a Unix socket, byte for byte: the way from a browser to the front door. */
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { listenFrom } from './listen.ts';

/** From where to where. */
export interface RelayOptions {
  /** An address of the host; a loopback one, unless others are to get in. */
  readonly host: '127.0.0.1' | '::1' | (string & {});
  /** The port to have; where it is taken, the next free one. 0: any. */
  readonly port: number;
  /** Need not exist yet: until it does, callers get a 503. */
  readonly socketPath: string;
}

/** How long a caller that was answered with 503 may take to leave, in milliseconds. */
const leaveTimeout = 1000;

const notReady = 'The front door is not ready yet: try again in a moment.\n';

/**
 * Relays until the signal aborts, which ends all connections. Each direction ends on its own, as TCP has it; where one side
 * breaks off, so does the other. Rejects where the port and those after it are taken or can't be had.
 */
export async function startRelay(options: RelayOptions, signal: AbortSignal): Promise<{ readonly port: number }> {
  signal.throwIfAborted();
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
    open.add(client);
    client.on('close', () => open.delete(client));
    relay(client, options.socketPath);
  });
  const port = await listenFrom(server, options);
  const end = () => {
    server.close();
    for (const socket of open) socket.destroy();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return { port };
}

function relay(client: Socket, socketPath: string): void {
  const door = connect({ path: socketPath, allowHalfOpen: true });
  // The caller's end while nothing is connected yet is seen once it is; its breaking off is not, without this.
  const abandon = () => door.destroy();
  client.on('error', abandon).on('close', abandon);
  door.once('error', () => refuse(client)); // not there, or nobody listens
  door.once('connect', () => {
    door.removeAllListeners('error');
    // An error of either side has destroyed both by then, which is all there is to do.
    pipeline(client, door, () => {});
    pipeline(door, client, () => {});
  });
}

/** Answers as HTTP, and reads what the caller still sends: closing at once would take the answer back with a reset. */
function refuse(client: Socket): void {
  client.on('error', () => client.destroy());
  client.setTimeout(leaveTimeout, () => client.destroy());
  client.resume();
  const head = `content-type: text/plain\r\ncontent-length: ${notReady.length}\r\nretry-after: 1\r\nconnection: close`;
  client.end(`HTTP/1.1 503 Service Unavailable\r\n${head}\r\n\r\n${notReady}`);
}

/**
 * `node say-bytes.ts HOST PORT TEXT`: connects, says a text byte for byte, and tells as JSON what came back and how the
 * connection ended.
 */
import { connect } from 'node:net';

/** What came of a connection. */
export interface Heard {
  /** Latin-1, one character a byte. */
  readonly text: string;
  /** `silent`: still open after a while in which nothing came. */
  readonly end: 'closed' | 'reset' | 'refused' | 'silent';
}

const patience = 3000;

async function say(host: string, port: number, text: string): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard['end']>();
  const socket = connect({ host, port });
  let heard = '';
  socket.setTimeout(patience, () => resolve('silent'));
  socket.on('data', chunk => {
    heard += chunk.toString('latin1');
  });
  socket.on('end', () => resolve('closed'));
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'));
  socket.on('connect', () => socket.write(Buffer.from(text, 'latin1')));
  const end = await promise;
  socket.destroy();
  return { text: heard, end };
}

if (import.meta.main) {
  const [host = '', port = '', text = ''] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await say(host, Number(port), text)));
}

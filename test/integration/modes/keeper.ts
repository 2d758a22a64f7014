/**
 * `node keeper.ts HOST`: keeps one HTTP connection and one of bytes to a host. For each line of its input it sends a request
 * over the one, looks whether the other is still open, and says as JSON what it found.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** What became of the connections. */
export interface Kept {
  /** 0: no answer came. */
  readonly status: number;
  readonly body: string;
  /** Whether it is the HTTP connection of the first request. */
  readonly same: boolean;
  readonly bytes: 'open' | 'closed';
}

async function keep(host: string): Promise<void> {
  let bytes: Kept['bytes'] = 'open';
  const kept = connect(3306, host);
  kept.on('error', () => {}); // it closes
  kept.on('close', () => (bytes = 'closed'));
  await once(kept, 'data');
  kept.resume();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let first: Socket | undefined;
  for await (const _ of createInterface({ input: process.stdin })) {
    const ask = request({ host, port: 80, agent });
    ask.end();
    const answer = await once(ask, 'response').catch(() => []); // its connection was closed
    const [response] = answer as [IncomingMessage] | [];
    first ??= response?.socket;
    const same = response !== undefined && response.socket === first;
    const body = response === undefined ? '' : await text(response);
    const found: Kept = { status: response?.statusCode ?? 0, body, same, bytes };
    process.stdout.write(`${JSON.stringify(found)}\n`);
  }
  process.exit();
}

if (import.meta.main) await keep(process.argv[2] ?? '');

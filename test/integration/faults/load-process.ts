/**
 * Calls that go on until standard input ends, from inside a pod: `node load-process.ts '[{"name":…,"url":…,"expect":200}]'`. Each
 * round makes each call once, one after the other, with a pause after it. Prints
 * `going on` now and then, and a JSON `LoadReport` at the end.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** One call of a round. */
export interface LoadCall {
  readonly name: string;
  /** `http://…`, or `tcp://…` for a connection that waits for the first bytes. */
  readonly url: string;
  /** Over a connection of its own; absent: kept from the round before. */
  readonly anew?: boolean;
  /** The status; for TCP whether bytes come. */
  readonly expect: number | 'bytes' | 'closed';
}

/** A call that ended otherwise than expected. */
export interface LoadFailure {
  readonly name: string;
  readonly got: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What became of all calls. */
export interface LoadReport {
  readonly rounds: number;
  readonly failures: readonly LoadFailure[];
}

/** Milliseconds after a round, so that the load is bounded. */
const pause = 20;
/** After so many rounds it says that it goes on. */
const roundsTold = 10;
const patience = 10_000;
const agents = { kept: new Agent({ keepAlive: true, maxSockets: 1 }), anew: new Agent({ keepAlive: false }) };

async function getStatus(url: string, anew: boolean): Promise<string> {
  const ask = request(url, { agent: anew ? agents.anew : agents.kept, timeout: patience });
  ask.on('timeout', () => ask.destroy(new Error('no answer')));
  ask.end();
  const [response] = (await once(ask, 'response')) as [import('node:http').IncomingMessage];
  for await (const _ of response);
  return String(response.statusCode);
}

async function greeting(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(patience, () => socket.destroy(new Error('no bytes and no end')));
  try {
    for await (const _ of socket) return 'bytes';
    return 'closed';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return 'closed';
    throw error;
  } finally {
    socket.destroy();
  }
}

async function main(calls: readonly LoadCall[]): Promise<LoadReport> {
  const failures: LoadFailure[] = [];
  let rounds = 0;
  const end = new AbortController();
  process.stdin.on('end', () => end.abort()).resume();
  while (!end.signal.aborted) {
    for (const { name, url, anew = false, expect } of calls) {
      const call = url.startsWith('tcp:') ? greeting(url) : getStatus(url, anew);
      const got = await call.catch((error: unknown) => String(error));
      if (got !== String(expect)) failures.push({ name, got, at: Date.now() });
    }
    rounds += 1;
    if (rounds % roundsTold === 1) process.stdout.write('going on\n');
    await delay(pause, undefined, { signal: end.signal }).catch(() => undefined); // the loop's condition sees the abort
  }
  return { rounds, failures };
}

if (import.meta.main) {
  const report = await main(JSON.parse(process.argv[2] ?? '[]') as LoadCall[]);
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
}

import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { MeshStatus } from './mesh-status.ts';

/** Milliseconds between attempts to reach a controller that is not there. */
const retryAfter = 100;

/** The controller can't be reached, or has no answer yet. */
export class ControllerUnreachable extends Error {
  override readonly name = 'ControllerUnreachable';
  readonly retryable = true;
}

/** The state of the mesh now. Throws `ControllerUnreachable`. */
export async function readStatus(socketPath: string): Promise<MeshStatus> {
  const response = await get(socketPath, '/status');
  const body = await text(response);
  if (response.statusCode !== 200) throw new ControllerUnreachable('the controller has not finished its first pass');
  return JSON.parse(body) as MeshStatus;
}

/** The state of the mesh, now and after each change, until the signal aborts; outlives a controller that is restarted. */
export async function* watchStatus(socketPath: string, signal: AbortSignal): AsyncGenerator<MeshStatus> {
  while (!signal.aborted) {
    try {
      const response = await get(socketPath, '/watch', signal);
      try {
        for await (const line of createInterface({ input: response, signal })) yield JSON.parse(line) as MeshStatus;
      } finally {
        // Whoever has seen enough is not to hear of the controller's end.
        response.destroy();
      }
    } catch (error) {
      // Not there yet, or just restarting.
      if (!signal.aborted && !(error instanceof ControllerUnreachable) && !isReset(error)) throw error;
    }
    await delay(retryAfter, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'ABORT_ERR');
}

async function get(socketPath: string, path: string, signal?: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const ask = request({ socketPath, path, agent: false, ...(signal && { signal }) }, resolve);
  ask.on('error', cause =>
    reject(new ControllerUnreachable(`the controller can't be reached: ${cause.message}`, { cause })),
  );
  ask.end();
  return await promise;
}

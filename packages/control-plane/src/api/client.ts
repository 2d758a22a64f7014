import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { MeshStatus } from './mesh-status.ts';

/** Milliseconds between attempts to reach a controller that is not there. */
const retryAfter = 50;

/** The controller can't be reached, or has no answer yet. */
export class ControllerUnreachable extends Error {
  readonly code = 'ControllerUnreachable';
  readonly retryable = true;
}

/**
 * The state of the mesh now. Throws `ControllerUnreachable`, after so many milliseconds of `patience`: a controller that was
 * killed is started again.
 */
export async function readStatus(socketPath: string, patience = 0): Promise<MeshStatus> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await askStatus(socketPath);
    } catch (error) {
      if (!(error instanceof ControllerUnreachable) || performance.now() > deadline) throw error;
    }
    await delay(retryAfter);
  }
}

async function askStatus(socketPath: string): Promise<MeshStatus> {
  const response = await get(socketPath, '/status');
  const body = await text(response);
  if (response.statusCode !== 200)
    throw new ControllerUnreachable('The controller of the mesh has not finished its first pass.');
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
    reject(new ControllerUnreachable(`The controller of the mesh can't be reached: ${cause.message}.`, { cause })),
  );
  ask.end();
  return await promise;
}

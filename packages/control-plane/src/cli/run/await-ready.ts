import { watchStatus } from '../../api/client.ts';
import type { MeshStatus } from '../../api/mesh-status.ts';
import type { LocalMesh } from '../../local/host/local-mesh.ts';
import { controllerSocket } from '../../local/host/run-layout.ts';
import { isReady } from '../commands/up.ts';
import type { Progress } from '../output/progress.ts';

/** A mesh is not ready after the time that it was given; the message says what is missing. */
export class MeshNotReady extends Error {
  readonly code = 'MeshNotReady';
  readonly retryable = true;
}

/** How to wait. */
export interface Waiting {
  readonly seconds: number;
  readonly progress: Progress;
}

/**
 * Waits until every workload of a mesh is ready, and gives its state then. Throws `MeshNotReady` after so many seconds,
 * what the signal was aborted with, or an error where the mesh ended by itself.
 */
export async function awaitReady(
  mesh: LocalMesh,
  { seconds, progress }: Waiting,
  signal: AbortSignal,
): Promise<MeshStatus> {
  const timeout = AbortSignal.timeout(seconds * 1000);
  const gone = new AbortController();
  void mesh.ended.then(said => gone.abort(meshEnded(said)));
  const end = AbortSignal.any([signal, timeout, gone.signal]);
  let last: MeshStatus | undefined;
  for await (const status of watchStatus(controllerSocket(mesh.runDirectory), end)) {
    last = status;
    if (isReady(status)) return status;
    progress.say(waitingFor(status));
  }
  signal.throwIfAborted();
  gone.signal.throwIfAborted();
  throw new MeshNotReady(`The mesh is not ready after ${seconds} s: ${whatIsMissing(last)}`);
}

/** What a mesh that ended by itself left to say. */
export function meshEnded(said: string | null): Error {
  const why = said === null || said === '' ? 'it gave no reason' : said;
  return Object.assign(new Error(`The mesh ended by itself: ${why}`), { code: 'MeshEnded', retryable: true });
}

/** What a mesh that comes up waits for, in a few words: `4 of 6 workloads are ready, waiting for a/b, c/d`. */
export function waitingFor({ workloads }: MeshStatus): string {
  const late = workloads.filter(({ pods, ready, inSync }) => ready < pods || inSync < pods);
  const names = late.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
  return `${workloads.length - late.length} of ${workloads.length} workloads are ready, waiting for ${names}`;
}

/** What keeps a mesh from being ready, in one sentence. */
export function whatIsMissing(status: MeshStatus | undefined): string {
  if (status === undefined) return 'the controller has not come up.';
  const pods = status.unready
    .filter(({ state }) => state === 'starting' || state === 'failing')
    .map(({ namespace, name, message }) => `${namespace}/${name}: ${message}`);
  const waiting = new Set(status.unready.map(({ namespace, name }) => `${namespace}/${name}`));
  const sidecars = status.sidecars
    .filter(({ inSync, namespace, pod }) => !inSync && !waiting.has(`${namespace}/${pod}`))
    .map(({ namespace, pod }) => `${namespace}/${pod}: its sidecar does not have everything yet`);
  const all = [...pods, ...sidecars];
  return all.length === 0 ? 'some pods have not been started yet.' : `${all.join('; ')}.`;
}

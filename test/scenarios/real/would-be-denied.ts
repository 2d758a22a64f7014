import { readWouldBeDenied } from '../../../packages/control-plane/src/cli/run/would-be-denied.ts';
import type { LocalMesh } from '../../../packages/control-plane/src/local/host/local-mesh.ts';

/** How many requests and connections the sidecars of a mesh have let in so far that policy would deny. */
export async function wouldBeDenied(mesh: LocalMesh, signal: AbortSignal): Promise<number> {
  const counts = await readWouldBeDenied(await mesh.node.client.pods(signal), signal);
  return [...counts.values()].reduce((sum, { requests, connections }) => sum + requests + connections, 0);
}

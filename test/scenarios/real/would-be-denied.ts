import { wouldBeDeniedStats } from '@heddle/mesh';
import type { LocalMesh } from '../../../packages/control-plane/src/local/host/local-mesh.ts';
import { get } from '../../../packages/control-plane/src/local/node/envoy-admin.ts';

/** How many requests and connections the sidecars of a mesh have let in so far that policy would deny. */
export async function wouldBeDenied(mesh: LocalMesh, signal: AbortSignal): Promise<number> {
  let count = 0;
  for (const { sidecar } of await mesh.node.client.pods(signal)) {
    if (sidecar === null) continue;
    const { body } = await get(sidecar.adminSocket, '/stats?filter=shadow_denied', signal);
    for (const name of Object.values(wouldBeDeniedStats)) {
      count += Number(new RegExp(`^${name.replaceAll('.', String.raw`\.`)}: (\\d+)$`, 'm').exec(body)?.[1] ?? 0);
    }
  }
  return count;
}

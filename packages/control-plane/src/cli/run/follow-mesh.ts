import { watchStatus } from '../../api/client.ts';
import type { LocalMesh } from '../../local/host/local-mesh.ts';
import { controllerSocket } from '../../local/host/run-layout.ts';
import type { CommandContext } from '../cli-command.ts';
import { MeshScreen } from '../output/mesh-screen.ts';
import { meshEnded } from './await-ready.ts';
import { Relays } from './relays.ts';

/** What to follow. */
export interface FollowedMesh {
  readonly start: () => Promise<LocalMesh>;
  /** Of the loopback ports that show Services. */
  readonly firstPort: number;
}

/**
 * Starts a mesh and shows it as it comes up, its table and URLs once it is ready, and then what changes, until the signal aborts. Throws
 * where the mesh ended by itself.
 */
export async function followMesh(
  context: CommandContext,
  { start, firstPort }: FollowedMesh,
  signal: AbortSignal,
): Promise<void> {
  const screen = new MeshScreen(context);
  try {
    const mesh = await start();
    const gone = new AbortController();
    void mesh.ended.then(said => gone.abort(meshEnded(said)));
    const end = AbortSignal.any([signal, gone.signal]);
    const relays = new Relays(mesh.runDirectory, firstPort, end);
    for await (const status of watchStatus(controllerSocket(mesh.runDirectory), end)) await screen.show(status, relays);
    if (!signal.aborted) gone.signal.throwIfAborted();
  } finally {
    screen.end();
  }
}

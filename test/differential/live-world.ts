import { join } from 'node:path';
import { objectsOf, type World, type WorldWorkload } from '../worlds/world.ts';
import { LiveMesh, type LiveMeshOptions } from './live-mesh.ts';

const program = join(import.meta.dirname, 'answerer.ts');

/** Starts the pods of a world for real; each answers on all its ports. */
export async function startWorld(world: World, envoy: string, more: Partial<LiveMeshOptions> = {}): Promise<LiveMesh> {
  const uid = process.getuid?.() ?? 1000;
  return await LiveMesh.start({ world: objectsOf(world, commandOf), envoy, uid, ...more });
}

function commandOf({ namespace, name, ports }: WorldWorkload): readonly string[] {
  const kinds = ports.map(port => `${port.name === 'mysql' ? 'greet' : 'any'}=${port.target}`);
  return [process.execPath, '--disable-warning=ExperimentalWarning', program, `${namespace}/${name}`, ...kinds];
}

import { join } from 'node:path';

/** The controller's own interface: the state of the mesh. */
export function controllerSocket(runDirectory: string): string {
  return join(runDirectory, 'controller.sock');
}

/** Where `heddle up` takes orders to exchange the root of its mesh's certificates. */
export function rotationSocket(runDirectory: string): string {
  return join(runDirectory, 'rotation.sock');
}

/** What the controller has to say, as structured lines. */
export function controllerLog(runDirectory: string): string {
  return join(runDirectory, 'controller.log');
}

/** What the controller remembers for the one that is started after it. */
export function stateDirectory(runDirectory: string): string {
  return join(runDirectory, 'state');
}

/** Within the state: what the files of manifests hold. */
export function manifestMemory(runDirectory: string): string {
  return join(stateDirectory(runDirectory), 'manifests');
}

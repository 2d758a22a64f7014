import { join } from 'node:path';

/** The controller's own interface: the state of the mesh. */
export function controllerSocket(runDirectory: string): string {
  return join(runDirectory, 'controller.sock');
}

/** What the controller has to say, as structured lines. */
export function controllerLog(runDirectory: string): string {
  return join(runDirectory, 'controller.log');
}

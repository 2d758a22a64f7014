import { join } from 'node:path';

/** Key of the workload that shows exposed Services to the host. */
export const frontDoorWorkload = 'heddle-system/front-door';

/** The controller's own interface: the state of the mesh. */
export function controllerSocket(runDirectory: string): string {
  return join(runDirectory, 'controller.sock');
}

/** What the controller has to say, as structured lines. */
export function controllerLog(runDirectory: string): string {
  return join(runDirectory, 'controller.log');
}

/** Holds a directory for each pod, in which its own socket to the control plane is. */
export function xdsDirectory(runDirectory: string): string {
  return join(runDirectory, 'xds');
}

/** Where the front door listens. */
export function frontDoorDirectory(runDirectory: string): string {
  return join(runDirectory, 'front-door');
}

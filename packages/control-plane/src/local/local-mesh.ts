import { join } from 'node:path';
import { keepControllerRunning } from './controller-process.ts';
import { type LocalNode, startLocalNode } from './local-node.ts';
import { createRunDirectory } from './run-directory.ts';
import { controllerLog } from './run-layout.ts';

/** How to start a local mesh. */
export interface LocalMeshOptions {
  /** The folder of manifests. */
  readonly directory: string;
  /** Where run directories are made; short, since paths of Unix sockets are. */
  readonly runBase: string;
  /** The command line of this program, before its arguments. */
  readonly program: readonly string[];
  /** For all processes; containers start from it too. */
  readonly environment: Readonly<Record<string, string>>;
  /** What the controller reads from its standard input. */
  readonly controllerInput: string;
  readonly controllerFlags: readonly string[];
  readonly clusterDomain: string;
  readonly uid: number;
  readonly platform: string;
}

/** A local mesh that runs. */
export interface LocalMesh {
  readonly runDirectory: string;
  readonly node: LocalNode;
  /** Resolves when nothing is left of it. */
  readonly ended: Promise<void>;
}

/**
 * Starts a node for the pods and a controller beside it, each a process of its own: a controller that is killed is started
 * again and pods go on meanwhile. When the signal aborts, or this process dies, everything ends and nothing is left.
 * Throws a `LocalMeshError` with one sentence on what is missing or not permitted.
 */
export async function startLocalMesh(options: LocalMeshOptions, signal: AbortSignal): Promise<LocalMesh> {
  const { directory, environment, uid, platform, clusterDomain, program } = options;
  const runDirectory = await createRunDirectory(options.runBase, { pid: process.pid });
  const ended = new AbortController();
  const end = AbortSignal.any([signal, ended.signal]);
  const nodeCommand = [...program, 'node'];
  const node = await startLocalNode({ runDirectory, nodeCommand, environment, clusterDomain, uid, platform }, end);
  const controller = keepControllerRunning(
    {
      command: [...program, 'controller', '--file', directory, '--run', runDirectory, ...options.controllerFlags],
      environment,
      input: `${options.controllerInput}\n`,
      logFile: controllerLog(runDirectory),
    },
    end,
  );
  // A node that ended by itself takes the mesh with it.
  const gone = node.ended.finally(() => ended.abort());
  return { runDirectory, node, ended: Promise.all([gone, controller]).then(() => undefined) };
}

/** Where the run directories of a user are. */
export function runBaseOf(runtimeDirectory: string, uid: number): string {
  return join(runtimeDirectory, `heddle-${uid}`);
}

import { join } from 'node:path';
import type { ControllerFeed } from './controller-feed.ts';
import { type ControllerExit, keepControllerRunning } from './controller-process.ts';
import { type LocalNode, startLocalNode } from './local-node.ts';
import { createRunDirectory, removeRunDirectory } from './run-directory.ts';
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
  readonly controllerFeed: ControllerFeed;
  readonly controllerFlags: readonly string[];
  /** For the controller alone, over `environment`. */
  readonly controllerEnvironment?: Readonly<Record<string, string>>;
  /** Told each time that the controller ended by itself; it is started again. */
  readonly onControllerEnd?: (exit: ControllerExit) => void;
  readonly clusterDomain: string;
  readonly uid: number;
  readonly platform: string;
}

/** A local mesh that runs. */
export interface LocalMesh {
  readonly runDirectory: string;
  readonly node: LocalNode;
  /** Resolves when nothing is left of it: with the reason where it ended by itself, else with null. */
  readonly ended: Promise<string | null>;
}

/**
 * Starts a node for the pods and a controller beside it, each a process of its own: a controller that is killed is started
 * again and pods go on meanwhile. When the signal aborts, or this process dies, everything ends and nothing is left.
 * Throws a `LocalMeshError` with one sentence on what is missing or not permitted, or what the signal was aborted with;
 * nothing is left then either.
 */
export async function startLocalMesh(options: LocalMeshOptions, signal: AbortSignal): Promise<LocalMesh> {
  const { directory, environment, uid, platform, clusterDomain, program, runBase, onControllerEnd } = options;
  signal.throwIfAborted();
  const runDirectory = await createRunDirectory(runBase, { pid: process.pid, manifests: directory });
  const ended = new AbortController();
  const end = AbortSignal.any([signal, ended.signal]);
  // Both start at once: the controller takes the longer, and waits for the node.
  const controller = keepControllerRunning(
    {
      command: [...program, 'controller', '--file', directory, '--run', runDirectory, ...options.controllerFlags],
      environment: { ...environment, ...options.controllerEnvironment },
      feed: options.controllerFeed,
      logFile: controllerLog(runDirectory),
      ...(onControllerEnd && { onEnd: onControllerEnd }),
    },
    end,
  );
  const finish = async (): Promise<void> => {
    ended.abort();
    await controller;
    await removeRunDirectory(runBase, runDirectory);
  };
  try {
    const nodeCommand = [...program, 'node'];
    const node = await startLocalNode({ runDirectory, nodeCommand, environment, clusterDomain, uid, platform }, end);
    // A node that ended by itself takes the mesh with it.
    const endedNode = node.ended.then(async said => {
      await finish();
      return said;
    });
    return { runDirectory, node, ended: endedNode };
  } catch (error) {
    await finish();
    throw error;
  }
}

/** Where the run directories of a user are. */
export function runBaseOf(runtimeDirectory: string, uid: number): string {
  return join(runtimeDirectory, `heddle-${uid}`);
}

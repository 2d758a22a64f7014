/**
 * The node: the first process in the local mesh's namespaces, which runs pods.
 *
 * In: one line of JSON with its settings on the input that it is started with, then lists of pods and names over its Unix
 * socket. Out: processes, and their statuses. It knows nothing of services, policies or manifests. It ends when its input
 * ends, which it does when its parent is gone for whatever reason; its namespaces, and all that is in them, end with it,
 * and so do its run directory and, with the last run, the folder of runs.
 */
import { execFile } from 'node:child_process';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { type NameTable, nameTable } from '../dns/dns-answer.ts';
import { serveDns } from '../dns/dns-server.ts';
import { nodeNetworkCommands, podNetwork } from '../sandbox/network.ts';
import type { NodeSettings } from '../sandbox/sandbox.ts';
import { systemClock } from './clock.ts';
import { serveNode } from './node-api.ts';
import { PodSet } from './pod-set.ts';

/** What a node is told at its start. */
export interface NodeOptions {
  /** A directory that the node owns, also seen by the host; removed at the end. */
  readonly runDirectory: string;
  /** Range of pod addresses; the first is the node's own. */
  readonly podCidr: string;
  readonly clusterDomain: string;
  /** What every container's environment starts from; its PATH must lead to the system's tools too. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Milliseconds that pods have between SIGTERM and SIGKILL when the node ends. */
const endGraceMilliseconds = 2000;

/** Path of the node's Unix socket. */
export function nodeSocket(runDirectory: string): string {
  return join(runDirectory, 'node.sock');
}

/** The line on the node's output that says that its socket is there. */
export const readyLine = 'ready';

/**
 * Runs a node until its input ends or the signal aborts; resolves when no pod is left. Only to be run in
 * namespaces of its own. `say` writes to its output, `log` to its log.
 */
export async function runNode(
  input: Readable,
  output: { readonly say: (line: string) => void; readonly log: (line: string) => void },
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const end = AbortSignal.any([signal, ended.signal]);
  const options = await readOptions(input, () => ended.abort());
  const settings: NodeSettings = {
    runDirectory: options.runDirectory,
    privateDirectory: join(options.runDirectory, 'private'),
    network: podNetwork(options.podCidr),
    clusterDomain: options.clusterDomain,
    environment: options.environment,
  };
  let names: NameTable = new Map();
  const logError = (error: unknown) => output.log(error instanceof Error ? error.message : String(error));
  const pods = new PodSet({ settings, clock: systemClock }, logError);
  const state = {
    applyPods: pods.apply.bind(pods),
    applyNames: (table: Readonly<Record<string, readonly string[]>>) => {
      names = nameTable(table);
    },
    wanted: pods.wanted.bind(pods),
    statuses: pods.statuses.bind(pods),
    watch: pods.watch.bind(pods),
  };
  const zone = () => ({ clusterDomain: settings.clusterDomain, names });
  const socketEnd = new AbortController();
  try {
    await setUpNode(settings);
    await serveDns({ address: settings.network.gateway, port: 53 }, zone, end);
    await serveNode(nodeSocket(settings.runDirectory), state, socketEnd.signal);
    output.say(readyLine);
    await aborted(end);
  } catch (error) {
    // Told to end while it starts: no complaint. Else the run directory stays, with the log that tells.
    if (!end.aborted) {
      ended.abort();
      throw error;
    }
  }
  await pods.end(endGraceMilliseconds);
  socketEnd.abort();
  await removeRun(settings);
}

/** The first line of the input; calls `onEnd` when the input ends. */
async function readOptions(input: Readable, onEnd: () => void): Promise<NodeOptions> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lines = createInterface({ input });
  lines.once('line', resolve);
  lines.once('close', () => {
    reject(new Error('the node was started without settings'));
    onEnd();
  });
  return JSON.parse(await promise) as NodeOptions;
}

const run = promisify(execFile);

async function setUpNode(settings: NodeSettings): Promise<void> {
  const { privateDirectory, environment, network } = settings;
  const env = { ...environment };
  await mkdir(privateDirectory, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=0700', 'heddle', privateDirectory], { env });
  const commands = join(privateDirectory, 'network');
  await writeFile(commands, nodeNetworkCommands(network));
  await run('ip', ['-batch', commands], { env });
  // Packets that no pod is meant by are then answered as unreachable in place of being dropped. Where /proc is read-only
  // they are dropped.
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1').catch(() => {});
}

async function removeRun(settings: NodeSettings): Promise<void> {
  // Where it is not mounted the node did not come that far.
  await run('umount', ['--lazy', settings.privateDirectory], { env: { ...settings.environment } }).catch(() => {});
  await rm(settings.runDirectory, { recursive: true, force: true });
  await rmdir(dirname(settings.runDirectory)).catch(() => {}); // other runs are in it
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

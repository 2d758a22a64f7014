/** Starts a node in namespaces of its own, and reaches into them from the host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { NodeClient } from '../controller/node-client.ts';
import { type NodeOptions, nodeSocket, readyLine } from '../node/node.ts';
import type { PodStatus } from '../pod.ts';
import { applicationCapabilities, enterPod } from '../sandbox/enter-pod.ts';
import { LocalMeshError, requireTools, toolPath } from './tools.ts';

/** How to start a node. */
export interface LocalNodeOptions {
  /** From {@link createRunDirectory}; removed at the end. */
  readonly runDirectory: string;
  /** The command line that calls `runNode` with its standard input, e.g. Node, its flags, `main.ts`, `node`. */
  readonly nodeCommand: readonly string[];
  /** Environment for the node and, as a start, every container. */
  readonly environment: Readonly<Record<string, string>>;
  /** Default `10.244.0.0/16`. */
  readonly podCidr?: string;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  /** The user id of this process: 0 needs no user namespace, unless this is a container that took its capabilities away. */
  readonly uid: number;
  /** Operating system, as `process.platform` has it. */
  readonly platform: string;
}

/** A running node. */
export interface LocalNode {
  readonly client: NodeClient;
  /**
   * Resolves when everything has ended and the run directory is removed: with null after the signal, with the node's log
   * where it ended by itself.
   */
  readonly ended: Promise<string | null>;
}

/** What `heddle exec` and others need to reach into a run that another process started. */
interface RunRecord {
  /** Process id of the node on the host. */
  readonly pid: number;
  readonly userNamespace: boolean;
  readonly path: string;
}

/**
 * Process 1 of the namespaces. Orphans become its children, and Node would never wait for them: a shell that waits for
 * the node reaps them meanwhile. It ends as the node ends.
 */
const reaper = ['sh', '-c', 'exec 3<&0; "$@" <&3 3<&- & wait "$!"', 'sh'];

const recordFile = 'node.json';
const endTimeoutMilliseconds = 10_000;

/**
 * Starts a node; resolves once its interface answers. When the signal aborts all pods are stopped, and with the node ends
 * everything that it ever started. The same happens when this process is killed: the node's input ends then.
 * Throws a {@link LocalMeshError} with one sentence on what is missing or not permitted; where the signal aborts first, its
 * reason, once everything has ended.
 */
export async function startLocalNode(options: LocalNodeOptions, signal: AbortSignal): Promise<LocalNode> {
  const path = toolPath(options.environment['PATH']);
  await requireTools(options.platform, path);
  const userNamespace = options.uid !== 0 || !(await mayMakeNamespaces());
  const logFile = join(options.runDirectory, 'node.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn('unshare', [...unshareFlags(userNamespace), ...reaper, ...options.nodeCommand], {
    stdio: ['pipe', 'pipe', log],
    // A session of its own: Ctrl-C on the terminal is for the parent alone, which then ends the node in order.
    detached: true,
    env: { ...options.environment, PATH: path },
  });
  closeSync(log);
  const exited = exitOf(child);
  const settings: NodeOptions = {
    runDirectory: options.runDirectory,
    podCidr: options.podCidr ?? '10.244.0.0/16',
    clusterDomain: options.clusterDomain ?? 'cluster.local',
    environment: { ...options.environment, PATH: path },
  };
  child.stdin?.on('error', () => {}); // it has ended before it read: `exited` tells
  child.stdin?.write(`${JSON.stringify(settings)}\n`);
  const ended = endNode(child, { exited, runDirectory: options.runDirectory, logFile }, signal);
  const isReady = await Promise.race([saidReady(child), exited.then(() => false)]);
  if (signal.aborted) await ended;
  signal.throwIfAborted();
  if (!isReady) throw new LocalMeshError(await whyNot((await ended) ?? '', options.uid === 0));
  const record: RunRecord = { pid: await firstChild(child.pid ?? 0), userNamespace, path };
  await writeFile(join(options.runDirectory, recordFile), JSON.stringify(record), { mode: 0o600 });
  return { client: new NodeClient(nodeSocket(options.runDirectory)), ended };
}

/** A command line, and the PATH to find it with, that runs a command in a pod with this process's terminal. */
export interface ExecCommand {
  readonly command: readonly string[];
  readonly path: string;
}

/**
 * Composes the command line that runs a command in a pod of a run, in its network and file system, with no more rights
 * than an application has. Standard streams and the exit code are the command's own. Rejects where the run is gone.
 */
export async function execInPod(
  runDirectory: string,
  pod: Pick<PodStatus, 'pid' | 'namespace' | 'name'>,
  command: readonly string[],
): Promise<ExecCommand> {
  if (pod.pid === undefined) throw new LocalMeshError(`The pod ${pod.namespace}/${pod.name} is not running yet.`);
  const record = JSON.parse(await readFile(join(runDirectory, recordFile), 'utf8')) as RunRecord;
  const user = record.userNamespace ? ['--user', '--preserve-credentials'] : [];
  const enterNode = ['nsenter', '--target', String(record.pid), ...user, '--net', '--mount', '--pid'];
  const spec = { command, workingDirectory: '/', capabilities: applicationCapabilities };
  return { command: [...enterNode, ...enterPod(pod.pid, spec)], path: record.path };
}

function unshareFlags(userNamespace: boolean): string[] {
  const namespaces = ['--net', '--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--mount-proc'];
  return [...(userNamespace ? ['--user', '--map-root-user'] : []), ...namespaces, '--propagation', 'private', '--'];
}

async function exitOf(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  child.on('exit', () => resolve());
  child.on('error', () => resolve());
  await promise;
}

async function saidReady(child: ChildProcess): Promise<boolean> {
  if (child.stdout === null) return false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === readyLine) return true;
  }
  return false;
}

async function endNode(
  child: ChildProcess,
  { exited, runDirectory, logFile }: { exited: Promise<void>; runDirectory: string; logFile: string },
  signal: AbortSignal,
): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    child.stdin?.end();
    timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMilliseconds);
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  await exited;
  signal.removeEventListener('abort', end);
  clearTimeout(timer);
  const said = await readFile(logFile, 'utf8').catch(() => ''); // the node has removed it
  await rm(runDirectory, { recursive: true, force: true, maxRetries: 3 });
  return signal.aborted ? null : said.trim();
}

/** The process that `unshare` waits for, as the host counts. */
async function firstChild(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return Number(children.trim().split(' ')[0]);
}

/** Numbers of the capabilities that a node needs where it has no user namespace: CAP_NET_ADMIN and CAP_SYS_ADMIN. */
const neededCapabilities = [12n, 21n];

async function mayMakeNamespaces(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return neededCapabilities.every(number => (effective >> number) & 1n);
}

async function whyNot(said: string, isRoot: boolean): Promise<string> {
  if (!/unshare:.*(not permitted|denied|No space left)/i.test(said)) {
    return `The local mesh could not be started: ${said === '' ? 'it gave no reason.' : said.replace(/^error: /, '')}`;
  }
  if (isRoot) {
    return 'Namespaces are not permitted here even to root: start this container with --privileged (or with CAP_SYS_ADMIN, CAP_NET_ADMIN and no seccomp profile).';
  }
  const settings = [
    ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
    ['kernel.unprivileged_userns_clone', '0', '1'],
    ['user.max_user_namespaces', '0', '15000'],
  ] as const;
  for (const [name, forbidding, allowing] of settings) {
    const value = await readFile(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8').catch(() => ''); // not on this kernel
    if (value.trim() !== forbidding) continue;
    return `User namespaces are not permitted here: allow them with \`sudo sysctl ${name}=${allowing}\`, or run as root.`;
  }
  return 'User namespaces are not permitted here: run as root, or allow them (in a container: --privileged).';
}

/** A node for tests: started as the command line would, watched for conditions, ended with nothing left. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execInPod, type LocalNode, startLocalNode } from '../../packages/control-plane/src/local/host/local-node.ts';
import { createRunDirectory } from '../../packages/control-plane/src/local/host/run-directory.ts';
import type { Pod, PodStatus } from '../../packages/control-plane/src/local/pod.ts';
import { findEnvoy } from '../../packages/control-plane/src/sidecar/envoy-binary.ts';

const run = promisify(execFile);

const patience = 60_000;

/** A node, and what tests ask of it. */
export interface TestNode extends LocalNode {
  readonly base: string;
  readonly runDirectory: string;
  /** Waits until the statuses are as wanted; rejects with them after a while. */
  until(wanted: (pods: readonly PodStatus[]) => boolean): Promise<readonly PodStatus[]>;
  /** Runs a command in a pod and gives its output; rejects where it fails. */
  exec(pod: string, ...command: string[]): Promise<string>;
  /** Ends it, and removes what the test made. */
  end(): Promise<void>;
}

/** The command line that starts a node. */
export const nodeCommand = [
  process.execPath,
  '--conditions=source',
  join(import.meta.dirname, 'local-node-process.ts'),
];

/** Starts a node; `userNamespace` even for root, as a plain user would. */
export async function startTestNode(options: { readonly userNamespace?: boolean } = {}): Promise<TestNode> {
  const base = await mkdtemp(join(tmpdir(), 'hl-'));
  const runDirectory = await createRunDirectory(base, { pid: process.pid });
  const stop = new AbortController();
  const uid = options.userNamespace ? 1000 : (process.getuid?.() ?? 1000);
  const environment = { PATH: process.env['PATH'] ?? '', HOME: '/' };
  const { platform } = process;
  const node = await startLocalNode({ runDirectory, nodeCommand, environment, uid, platform }, stop.signal);
  return {
    ...node,
    base,
    runDirectory,
    until: wanted => until(node, wanted),
    async exec(pod, ...command) {
      const status = (await node.client.pods()).find(({ name }) => name === pod);
      if (status === undefined) throw new Error(`there is no pod ${pod}`);
      const exec = await execInPod(runDirectory, status, command);
      const [program = '', ...args] = exec.command;
      return (await run(program, args, { env: { PATH: exec.path } })).stdout;
    },
    async end() {
      stop.abort();
      await node.ended;
      await rm(base, { recursive: true, force: true });
    },
  };
}

async function until(
  { client }: LocalNode,
  wanted: (pods: readonly PodStatus[]) => boolean,
): Promise<readonly PodStatus[]> {
  const signal = AbortSignal.timeout(patience);
  let pods: readonly PodStatus[] = [];
  for await (const event of client.watchPods(signal)) {
    pods = event.type === 'state' ? event.pods : await client.pods();
    if (wanted(pods)) return pods;
  }
  throw new Error(`this did not come about: ${wanted.toString()}; the pods are ${JSON.stringify(pods, null, 2)}`);
}

/** Waits for something that has no event; rejects after a while. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const deadline = performance.now() + patience;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  throw new Error(`this did not come about: ${what}`);
}

/** All pods are there and ready. */
export function ready(count: number): (pods: readonly PodStatus[]) => boolean {
  return pods => pods.length === count && pods.every(pod => pod.ready);
}

/** A pod that answers every HTTP request with the headers that it got. */
export function echoPod(name: string, ip: string, more: Partial<Pod> = {}): Pod {
  const program = `
    require('node:http').createServer((request, response) => {
      response.end(JSON.stringify({ pod: ${JSON.stringify(name)}, from: request.socket.remoteAddress, ...request.headers }));
    }).listen(8080);
    process.on('SIGTERM', () => process.exit(0));`;
  const container = {
    name: 'app',
    command: [process.execPath, '-e', program],
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { httpGet: { port: 'http' } },
  };
  return { namespace: 'default', name, ip, containers: [container], ...more };
}

/** The environment's Envoy; undefined where there is none. */
export async function testEnvoy(): Promise<string | undefined> {
  const cacheDirectory = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const lookup = { setting: process.env['HEDDLE_ENVOY'], path: process.env['PATH'], cacheDirectory };
  return findEnvoy(lookup).catch(() => undefined);
}

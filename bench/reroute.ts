import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { watchStatus } from '../packages/control-plane/src/api/client.ts';
import { isReady } from '../packages/control-plane/src/cli/commands/up.ts';
import { writeAuthority } from '../packages/control-plane/src/identity/authority-pem.ts';
import { CertificateAuthority } from '../packages/control-plane/src/identity/ca.ts';
import { ControllerFeed } from '../packages/control-plane/src/local/host/controller-feed.ts';
import { type LocalMesh, startLocalMesh } from '../packages/control-plane/src/local/host/local-mesh.ts';
import { execInPod } from '../packages/control-plane/src/local/host/local-node.ts';
import { controllerSocket } from '../packages/control-plane/src/local/host/run-layout.ts';
import { quantile } from './quantile.ts';

/** How long a saved file takes to reach a request, in milliseconds from before the write. */
export interface RerouteResult {
  readonly edits: number;
  readonly msP50: number;
  readonly msP99: number;
  readonly msMax: number;
}

/** Asks again and again, one request after the other, and says when another version begins to answer. */
const watcher = `
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true });
let last;
const ask = () => http.get('http://bookstore.bookstore:14001/buy-a-book', { agent }, response => {
  let body = '';
  response.on('data', chunk => { body += chunk; });
  response.on('end', () => {
    const { identity } = JSON.parse(body);
    if (identity !== last) console.log(JSON.stringify({ identity, at: Date.now() }));
    last = identity;
    ask();
  });
}).on('error', () => setTimeout(ask, 5));
ask();
`;

/** Saves all the weight of the example's split from one version to the other and back, through a real mesh. */
export async function benchReroute(edits = 40): Promise<RerouteResult> {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-bench-'));
  const end = new AbortController();
  await cp(join(import.meta.dirname, '../examples/bookstore'), directory, { recursive: true });
  const mesh = await start(directory, end.signal);
  try {
    await ready(mesh, end.signal);
    return await measure(mesh, join(directory, 'policy/split.yaml'), edits);
  } finally {
    end.abort();
    await mesh.ended;
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(mesh: LocalMesh, file: string, edits: number): Promise<RerouteResult> {
  const text = await readFile(file, 'utf8');
  const lines = await startWatcher(mesh);
  const samples: number[] = [];
  for (let n = 0; n < edits + 2; n++) {
    const [v1, v2] = n % 2 === 0 ? [100, 0] : [0, 100];
    const weights = [v1, v2];
    const edited = text.replace(/weight: \d+/g, () => `weight: ${weights.shift()}`);
    const wanted = v1 > 0 ? 'bookstore-v1' : 'bookstore-v2';
    const started = Date.now();
    const seen = await untilSeen(lines, wanted, () => writeFile(file, edited));
    // The first edits find a split that still gives both a share.
    if (n >= 2) samples.push(seen - started);
  }
  lines.close();
  return {
    edits: samples.length,
    msP50: quantile(samples, 0.5),
    msP99: quantile(samples, 0.99),
    msMax: Math.max(...samples),
  };
}

async function untilSeen(lines: Interface, wanted: string, act: () => Promise<void>): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const onLine = (line: string): void => {
    const { identity, at } = JSON.parse(line) as { identity: string; at: number };
    if (identity === wanted) resolve(at);
  };
  lines.on('line', onLine);
  await act();
  const at = await promise;
  lines.off('line', onLine);
  return at;
}

async function startWatcher(mesh: LocalMesh): Promise<Interface> {
  const pods = await mesh.node.client.pods();
  const pod = pods.find(({ namespace, name }) => namespace === 'bookbuyer' && name === 'bookbuyer-0');
  if (pod === undefined) throw new Error('the example has a pod bookbuyer-0');
  const { command, path } = await execInPod(mesh.runDirectory, pod, [process.execPath, '-e', watcher]);
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { PATH: path } });
  const lines = createInterface({ input: child.stdout });
  lines.once('close', () => child.kill());
  return lines;
}

async function ready(mesh: LocalMesh, signal: AbortSignal): Promise<void> {
  for await (const status of watchStatus(controllerSocket(mesh.runDirectory), signal)) if (isReady(status)) return;
}

async function start(directory: string, signal: AbortSignal): Promise<LocalMesh> {
  const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now: () => new Date() }).pem();
  const main = join(import.meta.dirname, '../packages/control-plane/src/main.ts');
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: homedir(),
    ...(process.env['HEDDLE_ENVOY'] && { HEDDLE_ENVOY: process.env['HEDDLE_ENVOY'] }),
  };
  const options = {
    directory,
    runBase: join(tmpdir(), 'heddle-bench'),
    program: [process.execPath, '--conditions=source', main],
    environment,
    controllerFeed: new ControllerFeed(writeAuthority(authority)),
    controllerFlags: [],
    clusterDomain: 'cluster.local',
    uid: process.getuid?.() ?? 0,
    platform: process.platform,
  };
  return await startLocalMesh(options, signal);
}

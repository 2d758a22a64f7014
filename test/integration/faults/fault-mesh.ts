/** A mesh for faults: `heddle up` on two callers and two destinations, and load from inside the callers. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { readStatus } from '../../../packages/control-plane/src/api/client.ts';
import type { MeshStatus } from '../../../packages/control-plane/src/api/mesh-status.ts';
import { NodeClient } from '../../../packages/control-plane/src/local/controller/node-client.ts';
import { execInPod } from '../../../packages/control-plane/src/local/host/local-node.ts';
import { controllerLog, controllerSocket } from '../../../packages/control-plane/src/local/host/run-layout.ts';
import { nodeSocket } from '../../../packages/control-plane/src/local/node/node.ts';
import { eventually } from '../local-harness.ts';
import { Place, RunningUp } from '../up-harness.ts';
import type { LoadCall, LoadReport } from './load-process.ts';

const answerer = join(import.meta.dirname, '../../differential/answerer.ts');
const loadProcess = join(import.meta.dirname, 'load-process.ts');
const program = [process.execPath, '--disable-warning=ExperimentalWarning'];

const pod = (namespace: string, name: string, command: readonly string[], port?: number) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}
spec:
  serviceAccountName: ${name}
  containers:
    - name: ${name}
      image: ${name}
      command: ${JSON.stringify(command)}${port === undefined ? '' : `\n      readinessProbe: {tcpSocket: {port: ${port}}}`}
---`;
const serving = (name: string) =>
  `${pod('stock', name, [...program, answerer, name, 'any=8080', 'greet=9000'], 8080)}
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: stock}
spec:
  selector: {app: ${name}}
  ports: [{name: http, port: 80, targetPort: 8080}, {name: tcp, port: 9000}]
---`;
const idle = [...program, '-e', 'setInterval(() => {}, 2 ** 30)'];

/** Lets the web call what is public of a destination, by HTTP and TCP. */
export const policyFor = (name: string, path = '/public') => `
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: ${name}, namespace: stock}
spec: {matches: [{name: public, pathRegex: ${path}}]}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: ${name}, namespace: stock}
spec: {matches: {name: greet, ports: [9000]}}
${['HTTPRouteGroup', 'TCPRoute']
  .map(
    kind => `---
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: ${name}-${kind.toLowerCase()}, namespace: stock}
spec:
  destination: {kind: ServiceAccount, name: ${name}}
  sources: [{kind: ServiceAccount, name: web, namespace: shop}]
  rules: [{kind: ${kind}, name: ${name}}]
`,
  )
  .join('')}`;

const manifests: Readonly<Record<string, string>> = {
  'workloads.yaml': `${pod('shop', 'web', idle)}${pod('shop', 'thief', idle)}${serving('books')}${serving('toys')}`,
  'policy/books.yaml': policyFor('books'),
  'policy/toys.yaml': policyFor('toys'),
};

const callsTo = (name: string): LoadCall[] => [
  { name, url: `http://${name}.stock/public`, expect: 200 },
  { name: `${name} anew`, url: `http://${name}.stock/public`, anew: true, expect: 200 },
  { name: `${name} private`, url: `http://${name}.stock/private`, expect: 403 },
  { name: `${name} tcp`, url: `tcp://${name}.stock:9000`, expect: 'bytes' },
];
const stolenCalls: LoadCall[] = [
  { name: 'stolen', url: 'http://books.stock/public', anew: true, expect: 403 },
  { name: 'stolen tcp', url: 'tcp://books.stock:9000', expect: 'closed' },
];

/** What became of the load, of the caller that may and of the one that may not. */
export interface LoadReports {
  readonly web: LoadReport;
  readonly thief: LoadReport;
}

interface RunningLoad {
  readonly child: ChildProcess;
  readonly report: Promise<LoadReport>;
  /** Resolves after some more rounds. */
  readonly goesOn: () => Promise<void>;
}

/** `heddle up`, running and ready. */
export class FaultMesh {
  readonly place: Place;
  readonly up: RunningUp;
  readonly runDirectory: string;

  readonly #runtimeDirectory: string;

  private constructor(place: Place, up: RunningUp, runtimeDirectory: string) {
    this.place = place;
    this.up = up;
    this.#runtimeDirectory = runtimeDirectory;
    this.runDirectory = join(runtimeDirectory, `heddle-${process.getuid?.()}`, String(up.child.pid));
  }

  /** Starts it. `runtimeDirectory`: default a folder of its own. */
  static async start({ args = [], runtimeDirectory }: { args?: readonly string[]; runtimeDirectory?: string } = {}) {
    const place = await Place.empty();
    for (const [file, content] of Object.entries(manifests)) {
      const path = join(place.manifests, file);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
    }
    const environment = runtimeDirectory === undefined ? {} : { HEDDLE_RUNTIME_DIRECTORY: runtimeDirectory };
    const up = new RunningUp(place, args, environment);
    const mesh = new FaultMesh(place, up, runtimeDirectory ?? place.directory);
    try {
      await up.until(/^Ready after/m);
      return mesh;
    } catch (error) {
      await mesh.end();
      throw error;
    }
  }

  async end(): Promise<void> {
    if (this.up.child.exitCode === null) await this.up.end('SIGINT');
    await this.place.remove();
  }

  async status(): Promise<MeshStatus> {
    return await readStatus(controllerSocket(this.runDirectory), 10_000);
  }

  /** Waits until every sidecar has all that it is to have, of a controller that started after a given time if one is given. */
  async untilInSync(after = ''): Promise<MeshStatus> {
    return await eventually('every sidecar is in sync', async () => {
      const status = await this.status();
      return status.since > after && status.sidecars.every(({ inSync }) => inSync) ? status : undefined;
    });
  }

  /** Kills the controller with SIGKILL. */
  killController(): void {
    process.kill(this.#processOf(['controller', this.runDirectory]), 'SIGKILL');
  }

  /** Kills the Envoy of a pod with SIGKILL. */
  killEnvoy(name: string): void {
    const words = ['--config-yaml', `~${name}.`, this.#runtimeDirectory];
    process.kill(
      this.#processOf(words, pid => readlinkSync(`/proc/${pid}/exe`).endsWith('/envoy')),
      'SIGKILL',
    );
  }

  /** What the controller wrote, line by line. */
  log(): Record<string, unknown>[] {
    const lines = readFileSync(controllerLog(this.runDirectory), 'utf8').trim().split('\n');
    return lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits until the state is as wanted. */
  async until(what: string, wanted: (status: MeshStatus) => boolean): Promise<MeshStatus> {
    return await eventually(what, async () => {
      const status = await this.status();
      return wanted(status) ? status : undefined;
    });
  }

  /** Writes a file of the manifests, folders included. */
  async write(file: string, content: string): Promise<void> {
    const path = join(this.place.manifests, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  /** Puts a link in the place of whatever is there, at once. */
  async link(target: string, file: string): Promise<void> {
    const path = join(this.place.manifests, file);
    const draft = join(dirname(path), '.draft');
    await symlink(target, draft);
    await rename(draft, path);
  }

  /**
   * Calls, what may be called and what may not, while something happens; gives what became of it.
   * @param happen is given what waits for more rounds of calls
   */
  async underLoad(happen: (moreRounds: () => Promise<void>) => Promise<void>): Promise<LoadReports> {
    const loads = await Promise.all([
      this.#load('web', [...callsTo('books'), ...callsTo('toys')]),
      this.#load('thief', stolenCalls),
    ]);
    try {
      await happen(async () => {
        for (let time = 0; time < 2; time++) await loads[0].goesOn();
      });
    } finally {
      for (const { child } of loads) child.stdin?.end();
    }
    const [web, thief] = await Promise.all(loads.map(({ report }) => report));
    assert.ok(web && thief && web.rounds > 0 && thief.rounds > 0);
    return { web, thief };
  }

  /** Fills the disk that runs are on to its last byte; the returned function frees it. */
  async fillDisk(): Promise<() => Promise<void>> {
    const file = join(this.#runtimeDirectory, 'filler');
    for (let bytes = 2 ** 20; bytes >= 1; bytes = bytes / 2) {
      const chunk = Buffer.alloc(bytes);
      for (;;) {
        try {
          await appendFile(file, chunk);
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') break;
          throw error;
        }
      }
    }
    return () => rm(file);
  }

  async #load(name: string, calls: readonly LoadCall[]): Promise<RunningLoad> {
    const pods = await new NodeClient(nodeSocket(this.runDirectory)).pods();
    const status = pods.find(one => one.name === name);
    assert.ok(status);
    const wanted = [...program, loadProcess, JSON.stringify(calls)];
    const { command, path } = await execInPod(this.runDirectory, status, wanted);
    const [executable = '', ...args] = command;
    const child = spawn(executable, args, { env: { PATH: path }, stdio: ['pipe', 'pipe', 'inherit'] });
    const report = Promise.withResolvers<LoadReport>();
    let waiting: (() => void)[] = [];
    const goesOn = () => new Promise<void>(resolve => void waiting.push(resolve));
    createInterface({ input: child.stdout }).on('line', line => {
      if (line.startsWith('{')) report.resolve(JSON.parse(line) as LoadReport);
      for (const wake of waiting.splice(0)) wake();
    });
    child.once('exit', () => report.reject(new Error(`the load in ${name} ended early`)));
    await goesOn();
    return { child, report: report.promise, goesOn };
  }

  /** The process whose command line and environment have all these words. */
  #processOf(words: readonly string[], isIt: (pid: number) => boolean = () => true): number {
    const found = readdirSync('/proc')
      .map(Number)
      .filter(pid => pid > 0 && words.every(word => spokenOf(pid).includes(word)) && isIt(pid));
    assert.equal(found.length, 1, `processes with ${words.join(', ')}: ${found.join()}`);
    return found[0] ?? 0;
  }
}

/** Asserts that what may not be called was never let through. */
export function assertNoWrongAllow({ web, thief }: LoadReports): void {
  const wrong = [
    ...web.failures.filter(({ name, got }) => name.endsWith('private') && got === '200'),
    ...thief.failures,
  ];
  assert.deepEqual(
    wrong.filter(({ got }) => got === '200' || got === 'bytes'),
    [],
  );
}

/** Asserts that every call ended as expected, or those to one destination. */
export function assertNoneLost({ web, thief }: LoadReports, destination = ''): void {
  assert.deepEqual(
    [...web.failures, ...(destination === '' ? thief.failures : [])].filter(({ name }) => name.startsWith(destination)),
    [],
  );
}

function spokenOf(pid: number): string {
  try {
    if (readlinkSync(`/proc/${pid}/exe`) === '') return '';
    return ['cmdline', 'environ'].map(file => readFileSync(`/proc/${pid}/${file}`, 'utf8')).join('\0');
  } catch {
    return ''; // ended, or not ours to look at
  }
}

/** The command line for tests: run as people run it, on a copy of the example, with a place of its own for its runs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { NodeClient } from '../../packages/control-plane/src/local/controller/node-client.ts';
import { get } from '../../packages/control-plane/src/local/node/envoy-admin.ts';
import { nodeSocket } from '../../packages/control-plane/src/local/node/node.ts';

const repository = join(import.meta.dirname, '../..');
const heddle = join(repository, 'packages/control-plane/bin/heddle');
const patience = 60_000;

/** Makes calls one after the other, and prints how often each answer came: who served, or a status. */
const caller = `
const counts = {};
for (let i = 0; i < Number(process.argv[1]); i++) {
  const response = await fetch('http://bookstore.bookstore:14001/buy-a-book');
  const name = response.ok ? (await response.json()).identity : String(response.status);
  counts[name] = (counts[name] ?? 0) + 1;
}
console.log(JSON.stringify(counts));`;

/** What a command came to. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder of manifests, and a place for runs; both are removed with it. */
export class Place {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** A copy of the example. */
  static async ofBookstore(): Promise<Place> {
    const place = await Place.of(join(repository, 'examples/bookstore'));
    await symlink(join(repository, 'node_modules'), join(place.directory, 'node_modules'));
    return place;
  }

  /** A copy of a folder. */
  static async of(folder: string): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'u-')));
    await cp(folder, place.manifests, { recursive: true });
    return place;
  }

  /** With no manifests yet. */
  static async empty(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'u-')));
    await mkdir(place.manifests);
    return place;
  }

  get manifests(): string {
    return join(this.directory, 'mesh');
  }

  /** Replaces text in a file of the manifests, with one write. */
  async edit(file: string, before: string | RegExp, after: string): Promise<void> {
    const path = join(this.manifests, file);
    const content = await readFile(path, 'utf8');
    const edited = content.replace(before, after);
    if (edited === content) throw new Error(`${file} has no ${String(before)}`);
    await writeFile(path, edited);
  }

  /** Starts a command; it ends with the test at the latest. */
  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn(heddle, args, {
      cwd: this.directory,
      env: { ...process.env, HEDDLE_RUNTIME_DIRECTORY: this.directory, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 300_000,
    });
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const child = this.start(args, environment);
    if (child.stdout === null || child.stderr === null) throw new Error('both are pipes');
    const exit = once(child, 'exit') as Promise<[number | null]>;
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
    return { code, out, err };
  }

  /** Has a workload of the bookstore buy books one after the other, and counts who sold them, or the status without one. */
  async buy(workload: string, times = 1): Promise<Record<string, number>> {
    const command = [process.execPath, '--input-type=module', '-e', caller, String(times)];
    const { code, out, err } = await this.run(['exec', workload, '--', ...command]);
    if (code !== 0) throw new Error(err);
    return JSON.parse(out) as Record<string, number>;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A `heddle up` that runs, and what it prints. */
export class RunningUp {
  readonly child: ChildProcess;
  out = '';
  err = '';
  readonly #runDirectory: string;
  readonly #exit: Promise<[number | null, string | null]>;
  #heard: () => void = () => {};

  constructor(place: Place, args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
    this.child = place.start(['up', 'mesh', ...args], environment);
    const runtimeDirectory = environment['HEDDLE_RUNTIME_DIRECTORY'] ?? place.directory;
    this.#runDirectory = join(runtimeDirectory, `heddle-${process.getuid?.()}`, String(this.child.pid));
    this.#exit = once(this.child, 'exit') as Promise<[number | null, string | null]>;
    this.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.out += chunk;
      this.#heard();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.err += chunk;
      this.#heard();
    });
    void this.#exit.then(() => this.#heard());
  }

  /** Waits until it has printed something, and gives what it printed since `from`. */
  async until(wanted: RegExp, from = 0): Promise<string> {
    const deadline = performance.now() + patience;
    for (;;) {
      const said = this.out.slice(from);
      if (wanted.test(said)) return said;
      const hasEnded = this.child.exitCode !== null || this.child.signalCode !== null;
      if (hasEnded || performance.now() > deadline)
        throw new Error(`it did not print ${String(wanted)}, but:\n${said}\n${this.err}`);
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, deadline - performance.now());
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Acts, and waits until something is printed because of it. */
  async after(act: () => Promise<void>, wanted: RegExp): Promise<string> {
    const from = this.out.length;
    await act();
    return await this.until(wanted, from);
  }

  /** Where it says that its metrics are. */
  get metrics(): string {
    return /^metrics +(http:\S+)$/m.exec(this.out)?.[1] ?? '';
  }

  /** The loopback addresses that it printed, by Service. */
  get urls(): ReadonlyMap<string, string> {
    return new Map([...this.out.matchAll(/^(\S+\/\S+) +(http:\S+)$/gm)].map(([, name = '', url = '']) => [name, url]));
  }

  /** Kills the one controller that runs; another one is started in its place. */
  killController(): void {
    const processes = readdirSync('/proc').map(Number);
    const [pid, ...others] = processes.filter(id => id > 0 && this.#isController(id));
    if (pid === undefined || others.length > 0) throw new Error('there is not one controller');
    process.kill(pid, 'SIGKILL');
  }

  /** Which processes each pod has, and how often they were started again. */
  async pods(): Promise<unknown> {
    const pods = await new NodeClient(nodeSocket(this.#runDirectory)).pods();
    return pods.map(({ name, pid, containers, sidecar }) => [
      name,
      pid,
      ...containers.map(({ restartCount }) => restartCount),
      sidecar?.restartCount,
    ]);
  }

  /** What the administration interface of a pod's sidecar answers. */
  async askSidecar(pod: string, path: string): Promise<string> {
    const signal = AbortSignal.timeout(patience);
    const pods = await new NodeClient(nodeSocket(this.#runDirectory)).pods(signal);
    const socket = pods.find(({ name }) => name === pod)?.sidecar?.adminSocket;
    if (socket === undefined) throw new Error(`${pod} has no sidecar`);
    return (await get(socket, path, signal)).body;
  }

  /** Sends a signal, and gives the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    const [code] = await this.#exit;
    return code;
  }

  #isController(pid: number): boolean {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return words.includes('controller') && words.includes(this.#runDirectory);
    } catch {
      return false; // ended, or not ours to look at
    }
  }
}

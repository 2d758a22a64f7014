/** A process inside a pod that is kept running: a container, or the sidecar. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ContainerExit, ContainerState, Pod } from '../pod.ts';
import { type Entry, enterPod, signalInside } from '../sandbox/enter-pod.ts';
import type { Clock } from './clock.ts';
import type { LogFile } from './log-file.ts';

/** What to run. */
export interface ProcessSpec extends Entry {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly restartPolicy: NonNullable<Pod['restartPolicy']>;
}

const firstBackoff = 100;
const maxBackoff = 30_000;

/** A process that ran this long was well: its next restart is quick again. */
const backoffReset = 60_000;

/** Runs a process, starts it again when it ends, and knows its state. */
export class PodProcess {
  readonly #spec: ProcessSpec;
  readonly #log: LogFile;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #child: ChildProcess | null = null;
  #stopReason: string | undefined;
  state: ContainerState = 'waiting';
  ready = false;
  restartCount = 0;
  lastExit: ContainerExit | undefined;

  get name(): string {
    return this.#spec.name;
  }

  constructor(spec: ProcessSpec, log: LogFile, clock: Clock, onChange: () => void) {
    this.#spec = spec;
    this.#log = log;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /**
   * Keeps the process running in the sandbox until the signal aborts or it is not to be restarted; then stops it with
   * SIGTERM. `whileRunning` is called for every start with a signal that aborts at its end.
   */
  async run(pid: number, whileRunning: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    let backoff = firstBackoff;
    while (!signal.aborted) {
      const started = this.#clock.now();
      await this.#runOnce(pid, whileRunning, signal);
      if (signal.aborted || !this.#isToRestart()) break;
      this.#set('waiting');
      if (this.#clock.now() - started >= backoffReset) backoff = firstBackoff;
      await this.#clock.sleep(backoff, signal);
      backoff = Math.min(backoff * 2, maxBackoff);
      this.restartCount += 1;
    }
    this.#set('terminated');
    this.#log.close();
  }

  /** Ends the current run, which then is restarted as the policy says. Killed after `grace` milliseconds. */
  stop(reason: string | undefined, grace: number): void {
    const child = this.#child;
    if (child === null) return;
    this.#stopReason = reason;
    signalInside(child, 'SIGTERM');
    const timer = setTimeout(() => signalInside(child, 'SIGKILL'), grace);
    child.once('exit', () => clearTimeout(timer));
  }

  setReady(ready: boolean): void {
    if (this.ready === ready) return;
    this.ready = ready;
    this.#onChange();
  }

  async #runOnce(
    pid: number,
    whileRunning: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const [program = '', ...args] = enterPod(pid, this.#spec);
    const child = spawn(program, args, {
      env: { ...this.#spec.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    this.#stopReason = undefined;
    for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => this.#write(chunk));
    this.#set('running');
    const ended = new AbortController();
    const exit = exitOf(child);
    const watched = whileRunning(AbortSignal.any([ended.signal, signal]));
    const { code, signal: killedBy } = await exit;
    ended.abort();
    await watched;
    this.#child = null;
    killGroup(child);
    this.ready = false;
    const reason = this.#stopReason === undefined ? {} : { reason: this.#stopReason };
    this.lastExit = { code, signal: killedBy, at: new Date(this.#clock.now()).toISOString(), ...reason };
  }

  #write(chunk: Buffer): void {
    try {
      this.#log.write(chunk);
    } catch {
      // A full disk costs lines of the log, not the pod.
    }
  }

  #isToRestart(): boolean {
    if (this.#spec.restartPolicy === 'Always') return true;
    return this.#spec.restartPolicy === 'OnFailure' && this.lastExit?.code !== 0;
  }

  #set(state: ContainerState): void {
    if (this.state === state) return;
    this.state = state;
    if (state !== 'running') this.ready = false;
    this.#onChange();
  }
}

async function exitOf(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
  child.on('exit', (code, signal) => resolve({ code, signal }));
  child.on('error', () => resolve({ code: 127, signal: null }));
  return promise;
}

/** What a process leaves behind in its group ends with it. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}

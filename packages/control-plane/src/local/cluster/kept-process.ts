import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** What to run. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Takes standard output and error of every start. */
  readonly logFile: string;
  /** Told each time that it ended without being asked to, just before it is started again. */
  readonly onEnd?: (how: string) => void;
}

/** Milliseconds before a process that ended is started again. */
const backOff = 500;

/** Milliseconds that a process has to end in order. */
const patience = 10_000;

/**
 * A program that is started again whenever it ends, as a kubelet does with a static pod; it ends with this process, however
 * that ends.
 */
export class KeptProcess {
  readonly #spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #running: Promise<void> = Promise.resolve();
  #stop: AbortController | undefined;
  #ends = 0;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
  }

  /** Process id; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** How often it has ended without being asked to. */
  get ends(): number {
    return this.#ends;
  }

  /** Starts it, unless it runs. */
  start(): void {
    if (this.#stop !== undefined) return;
    const stop = new AbortController();
    this.#stop = stop;
    this.#running = this.#keep(stop.signal);
  }

  /** Ends it and waits until it has; it may be started again. Without ceremony where nothing of what it keeps is needed. */
  async stop(how: 'in order' | 'at once' = 'in order'): Promise<void> {
    if (how === 'at once') this.#child?.kill('SIGKILL');
    this.#stop?.abort();
    await this.#running;
    this.#stop = undefined;
  }

  /** Kills it without ceremony; it is started again after a moment. */
  crash(): void {
    this.#child?.kill('SIGKILL');
  }

  /** The last lines that it wrote, for people who wonder why it does not work. */
  async lastWords(lines = 8): Promise<string> {
    const text = await readFile(this.#spec.logFile, 'utf8').catch(() => ''); // it has not been started yet
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  async #keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const how = await this.#runOnce(signal);
      if (signal.aborted) return;
      this.#ends += 1;
      this.#spec.onEnd?.(how);
      await delay(backOff, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    }
  }

  async #runOnce(signal: AbortSignal): Promise<string> {
    const { command, environment, logFile } = this.#spec;
    const log = openSync(logFile, 'a', 0o600);
    // Dies with this process; in a session of its own, so that Ctrl-C on the terminal is for this process alone.
    const args = ['--pdeathsig', 'KILL', '--', ...command];
    const child = spawn('setpriv', args, { stdio: ['ignore', log, log], detached: true, env: { ...environment } });
    closeSync(log);
    this.#child = child;
    let timer: NodeJS.Timeout | undefined;
    const end = (): void => {
      child.kill('SIGTERM');
      timer = setTimeout(() => child.kill('SIGKILL'), patience);
    };
    signal.addEventListener('abort', end, { once: true });
    const how = await exitOf(child);
    signal.removeEventListener('abort', end);
    clearTimeout(timer);
    this.#child = undefined;
    return how;
  }
}

async function exitOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  child.on('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  child.on('error', error => resolve(error.message));
  return await promise;
}

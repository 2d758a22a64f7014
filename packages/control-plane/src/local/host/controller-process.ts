import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ControllerFeed } from './controller-feed.ts';

/** How to start a controller. */
export interface ControllerCommand {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Comes on its standard input, which stays open: the controller ends when it closes. */
  readonly feed: ControllerFeed;
  readonly logFile: string;
  /** Told each time that it ended without being asked to, just before it is started again. */
  readonly onEnd?: (exit: ControllerExit) => void;
}

/** How a controller ended; code and signal are null where it could not be started. */
export interface ControllerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last line that it wrote. */
  readonly said: string;
}

/** Milliseconds before a controller that ended is started again; doubled each time, up to a bound. */
const firstBackOff = 100;
const longestBackOff = 5000;

/** Milliseconds that a controller has to end in order. */
const endTimeout = 5000;

/** A controller that ran this many milliseconds starts with a short back-off again. */
const ranWell = 10_000;

/** The same of one that somebody killed: it is not to blame. */
const ranWellUntilKilled = 1000;

/** Keeps a controller running until the signal aborts: pods and sidecars go on while there is none. */
export async function keepControllerRunning(controller: ControllerCommand, signal: AbortSignal): Promise<void> {
  let backOff = firstBackOff;
  while (!signal.aborted) {
    const started = performance.now();
    const exit = await runOnce(controller, signal);
    if (signal.aborted) return;
    controller.onEnd?.({ ...exit, said: await lastLine(controller.logFile) });
    const enough = exit.signal === null ? ranWell : ranWellUntilKilled;
    if (performance.now() - started > enough) backOff = firstBackOff;
    await delay(backOff, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    backOff = Math.min(backOff * 2, longestBackOff);
  }
}

async function runOnce(
  { command, environment, feed, logFile }: ControllerCommand,
  signal: AbortSignal,
): Promise<Omit<ControllerExit, 'said'>> {
  const [program = '', ...args] = command;
  const log = openSync(logFile, 'a', 0o600);
  // In a session of its own, Ctrl-C on the terminal is for the parent alone.
  const child = spawn(program, args, { stdio: ['pipe', log, log], detached: true, env: { ...environment } });
  closeSync(log);
  child.stdin?.on('error', () => {}); // it has ended before it read; its end tells
  feed.attach(text => void child.stdin?.write(text));
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.stdin?.end();
    child.kill('SIGTERM');
    timer = setTimeout(() => child.kill('SIGKILL'), endTimeout);
  };
  signal.addEventListener('abort', end, { once: true });
  const exit = await exitOf(child);
  signal.removeEventListener('abort', end);
  clearTimeout(timer);
  return exit;
}

async function lastLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => ''); // removed with the run
  return text.trimEnd().split('\n').at(-1) ?? '';
}

async function exitOf(child: ChildProcess): Promise<Omit<ControllerExit, 'said'>> {
  const { promise, resolve } = Promise.withResolvers<Omit<ControllerExit, 'said'>>();
  child.on('exit', (code, signal) => resolve({ code, signal }));
  child.on('error', () => resolve({ code: null, signal: null }));
  return await promise;
}

/** A command inside a pod whose outcome alone matters: exec probes. */
import { spawn } from 'node:child_process';
import { type Entry, enterPod, signalInside } from '../sandbox/enter-pod.ts';

/** Runs a command in a pod; true when it exits with 0. It is killed when the signal aborts. */
export async function runInPod(
  pid: number,
  entry: Entry & { readonly environment: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<boolean> {
  const [program = '', ...args] = enterPod(pid, entry);
  const child = spawn(program, args, { env: { ...entry.environment }, stdio: 'ignore', detached: true });
  const kill = () => signalInside(child, 'SIGKILL');
  if (signal.aborted) kill();
  signal.addEventListener('abort', kill, { once: true });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  child.on('exit', code => resolve(code === 0));
  child.on('error', () => resolve(false));
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

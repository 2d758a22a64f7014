/** A command inside a pod whose outcome alone matters: exec probes. */
import { spawn } from 'node:child_process';
import { enterPod, type ProcessSpec } from './pod-process.ts';

/** Runs a command in a pod; true when it exits with 0. It is killed when the signal aborts. */
export async function runInPod(
  pid: number,
  spec: Pick<ProcessSpec, 'command' | 'workingDirectory' | 'capabilities' | 'environment'>,
  signal: AbortSignal,
): Promise<boolean> {
  const [program = '', ...args] = enterPod(pid, spec);
  const child = spawn(program, args, { env: { ...spec.environment }, stdio: 'ignore', detached: true });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  };
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

import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from './quantile.ts';

/** How long the example takes to start and to end, as its user waits for it, in milliseconds. */
export interface StartResult {
  readonly starts: number;
  /** From the command to the table with every workload ready. */
  readonly readyMsP50: number;
  readonly readyMsMax: number;
  /** From Ctrl-C to nothing left. */
  readonly endMsP50: number;
  readonly endMsMax: number;
}

const heddle = join(import.meta.dirname, '../packages/control-plane/bin/heddle');

/** Starts and ends a copy of the example again and again; the first time, which fills caches, is not counted. */
export async function benchStart(starts = 10): Promise<StartResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hb-'));
  await cp(join(import.meta.dirname, '../examples/bookstore'), join(directory, 'bookstore'), { recursive: true });
  const ready: number[] = [];
  const end: number[] = [];
  try {
    for (let n = 0; n <= starts; n++) {
      const took = await startAndEnd(directory);
      if (n === 0) continue;
      ready.push(took.ready);
      end.push(took.end);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return {
    starts,
    readyMsP50: quantile(ready, 0.5),
    readyMsMax: Math.max(...ready),
    endMsP50: quantile(end, 0.5),
    endMsMax: Math.max(...end),
  };
}

async function startAndEnd(directory: string): Promise<{ ready: number; end: number }> {
  const started = performance.now();
  const up = spawn(heddle, ['up', 'bookstore'], {
    cwd: directory,
    env: { ...process.env, HEDDLE_RUNTIME_DIRECTORY: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise(resolve => {
    up.once('exit', resolve);
  });
  let said = '';
  for await (const chunk of up.stdout) {
    said += String(chunk);
    if (said.includes('Ready after')) break;
  }
  const ready = performance.now() - started;
  if (!said.includes('Ready after')) throw new Error(`heddle up ended early: ${said}`);
  const asked = performance.now();
  up.kill('SIGINT');
  await exited;
  return { ready, end: performance.now() - asked };
}

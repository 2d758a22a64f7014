// Whatever ends the parent of a node, nothing of it is left: processes, links, mounts, files.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startLocalNode } from '../../packages/control-plane/src/local/host/local-node.ts';
import { createRunDirectory, liveRuns } from '../../packages/control-plane/src/local/host/run-directory.ts';
import { eventually } from './local-harness.ts';

for (const signal of ['SIGINT', 'SIGKILL'] as const) {
  test(`${signal} to the parent leaves nothing behind`, async () => {
    const base = await mkdtemp(join(tmpdir(), 'hl-'));
    const [links, mounts] = [Object.keys(networkInterfaces()), readFileSync('/proc/self/mounts', 'utf8')];
    const parent = spawn(
      process.execPath,
      ['--conditions=source', join(import.meta.dirname, 'local-parent-process.ts'), base],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    assert.equal(line, 'running');
    assert.equal((await liveRuns(base)).length, 1);
    const started = processesWith(base);
    assert.ok(started.length >= 2, `processes that know ${base}: ${started.length}`);
    parent.kill(signal);
    await eventually('all processes end', () => (started.some(isAlive) ? undefined : true));
    await eventually('the run directory goes', () => (existsSync(base) ? undefined : true));
    assert.deepEqual(Object.keys(networkInterfaces()), links);
    assert.equal(readFileSync('/proc/self/mounts', 'utf8'), mounts);
  });
}

test('the next start removes what is left of a run whose owner is gone', async () => {
  const base = await mkdtemp(join(tmpdir(), 'hl-'));
  await mkdir(join(base, '4194304'));
  await writeFile(join(base, '4194304', 'owner'), '4194304 1\n');
  const directory = await createRunDirectory(base, { pid: process.pid });
  assert.deepEqual(await readdir(base), [String(process.pid)]);
  assert.deepEqual(await liveRuns(base), [{ pid: process.pid, directory }]);
  await rm(base, { recursive: true });
});

test('a missing program, or another platform, is one sentence', async () => {
  const base = await mkdtemp(join(tmpdir(), 'hl-'));
  const options = { runDirectory: base, nodeCommand: ['false'], environment: { PATH: '' }, uid: 0 };
  const { signal } = new AbortController();
  await assert.rejects(
    startLocalNode({ ...options, platform: 'darwin' }, signal),
    /needs Linux network namespaces; this is darwin/,
  );
  await assert.rejects(
    startLocalNode(
      { ...options, nodeCommand: ['sh', '-c', 'echo no such thing >&2; exit 1'], uid: 1000, platform: 'linux' },
      signal,
    ),
    /could not be started: no such thing/,
  );
  await rm(base, { recursive: true, force: true });
});

/** Processes in namespaces of a node, known by the directory of its run among their arguments or open files. */
function processesWith(base: string): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => pid > 0 && namespaceOf(pid) !== namespaceOf(process.pid) && argumentsOf(pid).includes(base));
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return ''; // ended, or not ours to look at
  }
}

function argumentsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readlinkSync(`/proc/${pid}/fd/2`);
  } catch {
    return ''; // ended, or not ours to look at
  }
}

/** A process that ended and that nobody has asked after yet does not count. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

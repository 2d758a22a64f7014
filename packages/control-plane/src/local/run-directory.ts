/** The directory of one run of the local mesh. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ownerFile = 'owner';

/** Whose run it is: a process id alone could be another process's by now. */
export interface RunOwner {
  readonly pid: number;
}

/**
 * Makes a directory for a run in `base` (made when missing), mode 0700, after removing those whose owner is gone. The
 * name is the owner's process id; keep `base` short: paths of Unix sockets have at most 107 bytes.
 */
export async function createRunDirectory(base: string, owner: RunOwner): Promise<string> {
  await mkdir(base, { recursive: true, mode: 0o700 });
  for (const name of await readdir(base)) {
    if (!(await isAlive(join(base, name)))) await rm(join(base, name), { recursive: true, force: true });
  }
  const directory = join(base, String(owner.pid));
  await mkdir(directory, { mode: 0o700 });
  await writeFile(join(directory, ownerFile), `${owner.pid} ${await startTime(owner.pid)}\n`);
  return directory;
}

/** The directories of runs in `base` whose owner is alive, the newest last. */
export async function liveRunDirectories(base: string): Promise<readonly string[]> {
  const names = await readdir(base).catch(() => []); // no base, no runs
  const directories: string[] = [];
  for (const name of names.toSorted((a, b) => Number(a) - Number(b))) {
    if (await isAlive(join(base, name))) directories.push(join(base, name));
  }
  return directories;
}

async function isAlive(directory: string): Promise<boolean> {
  try {
    const [pid = '', started] = (await readFile(join(directory, ownerFile), 'utf8')).trim().split(' ');
    return started !== undefined && (await startTime(Number(pid))) === started;
  } catch {
    return false; // no such process, or no run directory
  }
}

/** Field 22 of /proc/PID/stat: ticks from boot to the start of the process. */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return afterName[19] ?? '';
}

/** The directories of runs of the local mesh. */
import { lstat, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalMeshError } from './tools.ts';

const ownerFile = 'owner';

/** Bytes that a path of a Unix socket may have, less what a run puts below its directory. */
const longestDirectory = 107 - '/xds/'.length - 32 - '/xds.sock'.length;

/** Whose run it is: the process that ends it. */
export interface RunOwner {
  readonly pid: number;
  /** What it runs, for people: a folder of manifests. */
  readonly manifests?: string;
}

/** A run whose owner is alive. */
export interface LiveRun extends RunOwner {
  readonly directory: string;
}

/**
 * Makes a directory for a run in `base`, mode 0700, after removing those whose owner is gone; its name is the owner's
 * process id. `base` is made when missing. Throws a {@link LocalMeshError} where it belongs to somebody else, who could
 * put things of his own in its place, or where its name is too long for sockets.
 */
export async function createRunDirectory(base: string, owner: RunOwner): Promise<string> {
  const directory = join(base, String(owner.pid));
  if (Buffer.byteLength(directory) > longestDirectory) {
    throw new LocalMeshError(
      `The folder for runs, ${base}, has too long a name for sockets in it: set HEDDLE_RUNTIME_DIRECTORY to a shorter one.`,
    );
  }
  // A run that ends removes the base with its last directory, perhaps just now.
  for (let attempt = 1; ; attempt += 1) {
    await makeBase(base);
    try {
      await mkdir(directory, { mode: 0o700 });
      break;
    } catch (error) {
      if (attempt === 3 || !(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  const { pid, manifests = '' } = owner;
  await writeFile(join(directory, ownerFile), `${pid} ${await startTime(pid)}\n${manifests}\n`);
  return directory;
}

/** Removes the directory of a run, and the base if no other is in it. */
export async function removeRunDirectory(base: string, directory: string): Promise<void> {
  // Who is about to end may still write.
  await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  await rmdir(base).catch(() => {}); // other runs, or nothing is there any more
}

/** The runs in `base` whose owner is alive, the newest last. */
export async function liveRuns(base: string): Promise<readonly LiveRun[]> {
  const names = await readdir(base).catch(() => []); // no base, no runs
  const runs = await Promise.all(names.map(name => ownerOf(join(base, name))));
  return names
    .flatMap((name, index) => {
      const run = runs[index];
      return run === undefined ? [] : [{ ...run, directory: join(base, name) }];
    })
    .toSorted((a, b) => a.started - b.started || a.owner.pid - b.owner.pid)
    .map(({ owner, directory }) => ({ ...owner, directory }));
}

async function makeBase(base: string): Promise<void> {
  await mkdir(base, { recursive: true, mode: 0o700 });
  const { mode, uid } = await lstat(base);
  const isOwn = uid === process.getuid?.() && (mode & 0o022) === 0;
  if (!isOwn) {
    throw new LocalMeshError(
      `${base} belongs to somebody else or can be written by others: remove it, or set HEDDLE_RUNTIME_DIRECTORY.`,
    );
  }
  for (const name of await readdir(base)) {
    const directory = join(base, name);
    if (!(await isBeingMade(directory, name)) && (await ownerOf(directory)) === undefined) {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** Whether a directory has no owner written yet, but the process that it is named after is there. */
async function isBeingMade(directory: string, name: string): Promise<boolean> {
  try {
    await startTime(Number(name));
    return !(await readdir(directory)).includes(ownerFile);
  } catch {
    return false; // no such process, or gone meanwhile
  }
}

/** The owner of a run if it is alive: a process id alone could be another process's by now. */
async function ownerOf(directory: string): Promise<{ readonly owner: RunOwner; readonly started: number } | undefined> {
  try {
    const [process = '', manifests = ''] = (await readFile(join(directory, ownerFile), 'utf8')).split('\n');
    const [pid = '', started = ''] = process.split(' ');
    if (started === '' || (await startTime(Number(pid))) !== started) return undefined;
    return { owner: { pid: Number(pid), ...(manifests !== '' && { manifests }) }, started: Number(started) };
  } catch {
    return undefined; // no such process, or no run directory
  }
}

/** Field 22 of /proc/PID/stat: ticks from boot to the start of the process. */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return afterName[19] ?? '';
}

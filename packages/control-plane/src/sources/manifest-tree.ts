import type { BigIntStats, Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A file system error's code, such as `ENOENT`. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'EIO';
}

/** What a file was when it was looked at: it changes with every write, rename and swap of a link. */
export interface FileStamp {
  readonly identity: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

/** The code of a pipe, socket or device with the name of a manifest. */
export const notAFile = 'ENOTFILE';

/** What a folder holds, looked at once. */
export interface ManifestTree {
  /** Manifests by path: the folder's own path with the rest joined to it. */
  readonly files: ReadonlyMap<string, FileStamp>;
  /** Folders in which a change can change what is in force, with their inode: those walked, and those that links lead to. */
  readonly folders: ReadonlyMap<string, string>;
  /** Of `folders`, those that were walked. */
  readonly walked: ReadonlySet<string>;
  /**
   * What could not be looked at, with the error's code, `notAFile` for what is neither file nor folder: what was known below
   * it is neither there nor gone.
   */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Whether a name is left out wherever it stands: hidden files, what editors leave behind, and packages. */
export function isIgnored(name: string): boolean {
  return (
    name.startsWith('.') ||
    name.endsWith('~') ||
    name.startsWith('#') ||
    /\.sw[a-z]$/.test(name) ||
    name === '4913' ||
    name === 'node_modules'
  );
}

/** Whether a file of this name is read as a manifest. */
export function isManifest(name: string): boolean {
  return !isIgnored(name) && /\.(?:ya?ml|json)$/.test(name);
}

/**
 * Looks at a folder and all below it, links followed. Left out are ignored names and the folder `expected` beside an
 * `input.yaml`: it holds what a scenario makes, which no source reads. A folder that several paths lead to is walked once:
 * where it stands itself, else by the first link in the order of names.
 */
export async function walkManifests(root: string): Promise<ManifestTree> {
  const tree: MutableTree = {
    files: new Map(),
    folders: new Map(),
    walked: new Set(),
    unreadable: new Map(),
    links: [],
    seen: new Set(),
  };
  await walk(root, tree);
  for (const link of tree.links) await walk(link, tree);
  return tree;
}

/** The stamp of a file, or `undefined` if it is a folder. Throws the file system's error. */
export async function stampOf(path: string): Promise<FileStamp | undefined> {
  const stats = await stat(path, { bigint: true });
  return stats.isFile() ? stampFrom(stats) : undefined;
}

interface MutableTree {
  readonly files: Map<string, FileStamp>;
  readonly folders: Map<string, string>;
  readonly walked: Set<string>;
  readonly unreadable: Map<string, string>;
  /** Links to folders, which are walked after all that stands by itself. */
  readonly links: string[];
  /** The inodes of folders that were walked. */
  readonly seen: Set<string>;
}

async function walk(folder: string, tree: MutableTree): Promise<void> {
  let entries: Dirent[];
  let identity: string;
  try {
    identity = inodeOf(await stat(folder, { bigint: true }));
    if (tree.seen.has(identity)) return;
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const gone = tree.seen.size > 0 && errorCode(error) === 'ENOENT';
    if (!gone) tree.unreadable.set(folder, errorCode(error));
    return;
  }
  tree.folders.set(folder, identity);
  tree.walked.add(folder);
  tree.seen.add(identity);
  const isScenario = entries.some(({ name }) => name === 'input.yaml');
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (isIgnored(entry.name) || (isScenario && entry.name === 'expected')) continue;
    await visit(join(folder, entry.name), entry, tree);
  }
}

async function visit(path: string, entry: Dirent, tree: MutableTree): Promise<void> {
  if (entry.isDirectory()) return await walk(path, tree);
  if (!entry.isSymbolicLink() && !isManifest(entry.name)) return;
  try {
    const stats = await stat(path, { bigint: true });
    if (stats.isDirectory()) tree.links.push(path);
    else if (!isManifest(entry.name)) return;
    else if (stats.isFile()) tree.files.set(path, stampFrom(stats));
    else tree.unreadable.set(path, notAFile);
    if (entry.isSymbolicLink()) await addTarget(path, tree);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') tree.unreadable.set(path, errorCode(error));
  }
}

/** A change of what a link leads to is seen in the folder of the target only. */
async function addTarget(link: string, tree: MutableTree): Promise<void> {
  const folder = dirname(await realpath(link));
  if (!tree.folders.has(folder)) tree.folders.set(folder, inodeOf(await stat(folder, { bigint: true })));
}

function inodeOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

function stampFrom(stats: BigIntStats): FileStamp {
  return {
    identity: `${inodeOf(stats)}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    size: Number(stats.size),
    modified: Number(stats.mtimeMs),
  };
}

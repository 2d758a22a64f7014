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

/** What a folder holds, looked at once. */
export interface ManifestTree {
  /** Manifests by path: the folder's own path with the rest joined to it. */
  readonly files: ReadonlyMap<string, FileStamp>;
  /** Folders in which a change can change what is in force, with their inode: those walked, and those that links lead to. */
  readonly folders: ReadonlyMap<string, string>;
  /** Of `folders`, those that were walked. */
  readonly walked: ReadonlySet<string>;
  /** What could not be looked at, with the error's code: what was known below it is neither there nor gone. */
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
 * `input.yaml`: it holds what a scenario makes, which no source reads.
 */
export async function walkManifests(root: string): Promise<ManifestTree> {
  const tree = { files: new Map(), folders: new Map(), walked: new Set<string>(), unreadable: new Map() };
  await walk(root, tree, new Set());
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
}

async function walk(folder: string, tree: MutableTree, above: ReadonlySet<string>): Promise<void> {
  let entries: Dirent[];
  let identity: string;
  try {
    identity = inodeOf(await stat(folder, { bigint: true }));
    // A link to a folder above it.
    if (above.has(identity)) return;
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const gone = above.size > 0 && errorCode(error) === 'ENOENT';
    if (!gone) tree.unreadable.set(folder, errorCode(error));
    return;
  }
  tree.folders.set(folder, identity);
  tree.walked.add(folder);
  const isScenario = entries.some(({ name }) => name === 'input.yaml');
  const within = new Set([...above, identity]);
  for (const entry of entries) {
    if (isIgnored(entry.name) || (isScenario && entry.name === 'expected')) continue;
    await visit(join(folder, entry.name), entry, { tree, within });
  }
}

async function visit(
  path: string,
  entry: Dirent,
  { tree, within }: { tree: MutableTree; within: ReadonlySet<string> },
): Promise<void> {
  if (entry.isDirectory()) return await walk(path, tree, within);
  if (!entry.isSymbolicLink() && !isManifest(entry.name)) return;
  try {
    const stats = await stat(path, { bigint: true });
    if (stats.isDirectory()) await walk(path, tree, within);
    else if (stats.isFile() && isManifest(entry.name)) tree.files.set(path, stampFrom(stats));
    else return;
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

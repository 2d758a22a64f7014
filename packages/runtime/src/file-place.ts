import { lstat, readlink } from 'node:fs/promises';
import path from 'node:path';

/** What must be watched to learn of every change of one file: paths, each with its inode and the names in it that count. */
export type Watched = ReadonlyMap<string, WatchedPlace>;

/** A folder in which a name may change its meaning, or the file itself. */
export interface WatchedPlace {
  /** Tells it from another one that takes its place. */
  readonly inode: string;
  /** Empty for the file itself. */
  readonly names: ReadonlySet<string>;
}

/** As many links as Linux follows. */
const maxLinks = 40;

/**
 * Follows a path through all of its symbolic links: the folder of each link, since it may be swapped (Kubernetes swaps `..data`
 * in a mounted ConfigMap), the folder of the file, since it may be replaced, and the file, since a bind mount is only seen to
 * change there. Where the path ends early, the folder in which it could go on.
 */
export async function placesOf(file: string): Promise<Watched> {
  const folders = new Map<string, Set<string>>();
  const note = (folder: string, name: string): void => {
    folders.set(folder, (folders.get(folder) ?? new Set()).add(name));
  };
  const ends = await follow(path.resolve(file), note);
  const watched = new Map<string, WatchedPlace>();
  for (const [folder, names] of folders) await add(watched, folder, names);
  if (ends !== undefined) await add(watched, ends, new Set());
  return watched;
}

/** The file at the end, without links; `undefined` where there is none. */
async function follow(file: string, note: (folder: string, name: string) => void): Promise<string | undefined> {
  const { root } = path.parse(file);
  let at = root;
  let rest = partsOf(file.slice(root.length));
  for (let links = 0; links <= maxLinks; ) {
    const [name, ...after] = rest;
    if (name === undefined) return at;
    const next = path.join(at, name);
    const found = await lstat(next).catch(() => undefined);
    if (found === undefined || found.isSymbolicLink() || after.length === 0) note(at, name);
    if (found === undefined) return undefined;
    rest = after;
    if (found.isSymbolicLink()) {
      links++;
      const target = await readlink(next).catch(() => '');
      if (path.isAbsolute(target)) at = path.parse(target).root;
      rest = [...partsOf(target), ...after];
    } else at = next;
  }
  return undefined;
}

function partsOf(text: string): string[] {
  return text.split(path.sep).filter(part => part !== '' && part !== '.');
}

/** What is gone by now is left out: the folder that it was in has told, or will. */
async function add(watched: Map<string, WatchedPlace>, place: string, names: ReadonlySet<string>): Promise<void> {
  const found = await lstat(place, { bigint: true }).catch(() => undefined);
  if (found !== undefined) watched.set(place, { inode: `${found.dev}:${found.ino}`, names });
}

/**
 * How a pod's file system is put together: the host's, with the pod's own mounts in it. Pure: a view of the host and the
 * wanted mounts in, what to make and what to mount out.
 *
 * A mount point that the host does not have must not be made on the host. Instead the directory that lacks it is
 * *mirrored*: an empty directory of the pod's own, into which every entry of the original is bound. The root is always
 * mirrored, everything else only where it has to be.
 */
import { posix } from 'node:path';

/** What is at a path; devices and sockets count as files. */
export type EntryKind = 'file' | 'directory' | 'link' | 'missing';

/** What the plan needs to know of the host's files. */
export interface HostView {
  kind(path: string): EntryKind;
  /** Names in a directory; empty where it can't be read. */
  list(path: string): readonly string[];
  /** Target of a symbolic link. */
  target(path: string): string;
}

/** Something that a pod is to see at a path. */
export interface WantedMount {
  /** Absolute path inside the pod. */
  readonly at: string;
  /** Absolute path of what appears there. */
  readonly source: string;
  readonly kind: 'file' | 'directory';
  readonly readOnly?: boolean;
}

/** What to make before mounting, in order, and the mounts, in order. All paths are absolute and outside the pod. */
export interface MountPlan {
  readonly make: readonly (
    | { readonly kind: 'file' | 'directory'; readonly path: string }
    | { readonly kind: 'link'; readonly path: string; readonly target: string }
  )[];
  /** Lines of a table for `mount --all --fstab`. */
  readonly table: readonly string[];
}

/** Where the pod's own directories are made: its root, and a directory for other mirrored ones. */
export interface PlanPlaces {
  readonly root: string;
  readonly mirrors: string;
}

interface Directory {
  /** The original; null where there is none. */
  readonly original: string | null;
  /** Whether its entries are bound one by one (else the original is bound whole). */
  mirrored: boolean;
  readonly entries: Map<string, Directory | WantedMount>;
}

const maxLinks = 40;

/** Plans the file system of a pod. Throws where a path of the host is a loop of links. */
export function planMounts(wanted: readonly WantedMount[], host: HostView, places: PlanPlaces): MountPlan {
  const root: Directory = { original: '/', mirrored: true, entries: new Map() };
  for (const mount of wanted.toSorted((a, b) => depth(a.at) - depth(b.at))) place(root, mount, host);
  const plan: Emission = { host, places, make: [], table: [fstabLine(places.root, places.root, 'bind')], mirrors: 0 };
  emitMirror(plan, root, places.root, places.root);
  return { make: plan.make, table: plan.table };
}

function depth(path: string): number {
  return posix.normalize(path).split('/').length;
}

function place(root: Directory, mount: WantedMount, host: HostView): void {
  let rest = components(mount.at);
  let links = 0;
  let directory = root;
  let path = '/';
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const here = posix.join(path, name);
    const known = directory.entries.get(name);
    const original = directory.original === null ? null : posix.join(directory.original, name);
    const kind = original === null ? 'missing' : host.kind(original);
    if (known === undefined && kind === 'link' && original !== null) {
      if (++links > maxLinks) throw new Error(`${mount.at} leads through a loop of symbolic links`);
      rest = [...components(posix.resolve(path, host.target(original))), ...rest];
      directory = root;
      path = '/';
      continue;
    }
    if (rest.length === 0) {
      if (kind !== mount.kind) directory.mirrored = true;
      directory.entries.set(name, mount);
      return;
    }
    if (known === undefined && kind !== 'directory') directory.mirrored = true;
    directory = descend(directory, name, kind === 'directory' ? original : null);
    path = here;
  }
}

/** The directory of that name below another one; a mount that is already there becomes a mirror of what it shows. */
function descend(directory: Directory, name: string, original: string | null): Directory {
  const known = directory.entries.get(name);
  if (known !== undefined && 'entries' in known) return known;
  const created: Directory =
    known === undefined
      ? { original, mirrored: original === null, entries: new Map() }
      : { original: known.source, mirrored: true, entries: new Map() };
  directory.entries.set(name, created);
  return created;
}

function components(path: string): string[] {
  return posix
    .normalize(path)
    .split('/')
    .filter(part => part !== '');
}

interface Emission {
  readonly host: HostView;
  readonly places: PlanPlaces;
  readonly make: MountPlan['make'][number][];
  readonly table: string[];
  mirrors: number;
}

/** `made` is where the mirror's entries are made, `at` where they are seen once it is mounted. */
function emitMirror(plan: Emission, directory: Directory, made: string, at: string): void {
  const { host, make, table } = plan;
  const { original, entries } = directory;
  const others = original === null ? [] : host.list(original).filter(name => !entries.has(name));
  for (const name of others) {
    const source = posix.join(original ?? '/', name);
    const kind = host.kind(source);
    if (kind === 'link') make.push({ kind, path: posix.join(made, name), target: host.target(source) });
    if (kind === 'link' || kind === 'missing') continue;
    make.push({ kind, path: posix.join(made, name) });
    // What is gone by the time of mounting is left out.
    table.push(fstabLine(source, posix.join(at, name), 'rbind,nofail'));
  }
  for (const [name, entry] of entries) {
    const [madeEntry, atEntry] = [posix.join(made, name), posix.join(at, name)];
    make.push({ kind: 'entries' in entry ? 'directory' : entry.kind, path: madeEntry });
    if (!('entries' in entry)) emitMount(plan, entry, atEntry);
    else if (entry.mirrored) emitMirror(plan, entry, madeEntry, atEntry);
    else {
      table.push(fstabLine(entry.original ?? '', atEntry, 'rbind'));
      emitInside(plan, entry, atEntry);
    }
  }
}

/** The entries of a directory that is bound whole: their mount points exist. */
function emitInside(plan: Emission, directory: Directory, at: string): void {
  for (const [name, entry] of directory.entries) {
    const atEntry = posix.join(at, name);
    if (!('entries' in entry)) emitMount(plan, entry, atEntry);
    else if (!entry.mirrored) emitInside(plan, entry, atEntry);
    else {
      plan.mirrors += 1;
      const made = posix.join(plan.places.mirrors, String(plan.mirrors));
      plan.make.push({ kind: 'directory', path: made });
      plan.table.push(fstabLine(made, atEntry, 'bind'));
      emitMirror(plan, entry, made, atEntry);
    }
  }
}

function emitMount(plan: Emission, mount: WantedMount, at: string): void {
  plan.table.push(fstabLine(mount.source, at, mount.readOnly ? 'rbind,ro' : 'rbind'));
}

function fstabLine(source: string, target: string, options: string): string {
  return `${escape(source)} ${escape(target)} none ${options} 0 0`;
}

/** As fstab(5) has it: white space and backslashes in octal. */
function escape(path: string): string {
  return path.replace(/[\s\\#]/g, char => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

import { access, constants, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { compareFindings, type Finding, findingInFile } from '@heddle/mesh';
import { openProblem, readManifestFile } from './files.ts';
import { FolderWatchers } from './folder-watchers.ts';
import { inForceOf, type RememberedFile } from './last-good-objects.ts';
import { type ManifestChange, ManifestFolder } from './manifest-folder.ts';
import type { ManifestObject } from './manifest-object.ts';
import { errorCode, type FileStamp, isIgnored, isManifest, stampOf, walkManifests } from './manifest-tree.ts';
import type { Manifest } from './manifests.ts';

/** Milliseconds that events are gathered for: an editor's truncate and write come together. */
const gather = 4;

/** Milliseconds after which a doubtful look at a file is confirmed by a second one. */
const confirm = 50;

/** Milliseconds between looks at folders that the system has no watch left for. */
const poll = 1000;

/** A time stamp this much older than the look at it, in milliseconds, can not hide a later write. */
const clockGrain = 100;

/** The first change of a watch. */
export interface FirstChange extends ManifestChange {
  /**
   * What was in force before this watch, where that differs: what is there now is a change of it, and an object that is
   * refused now changes nothing of it.
   */
  readonly before?: readonly ManifestObject[];
}

/**
 * Watches a folder of manifests, with all below it, until the signal aborts; then it resolves. The first call of `onChange`
 * delivers what is there, at once and even when that is nothing. A save is delivered within some milliseconds; a look
 * that may be at a file half-written (empty, cut off, wrong, without objects that it had, gone) is delivered once a second
 * look, 50 ms later, has found the same.
 * It starts from what files held when a watch before it ended, if that is `remembered`, as if it had gone on all the while.
 * What `onChange` throws ends the watch and is thrown.
 */
export async function watchManifests(
  dir: string,
  signal: AbortSignal,
  onChange: (change: FirstChange) => void,
  remembered: readonly RememberedFile[] = [],
): Promise<void> {
  await new ManifestWatch(dir, onChange).run(signal, remembered);
}

/** A look at a file that is not believed yet. */
interface Doubt {
  /** When it is believed, on the clock of `performance.now()`. */
  readonly due: number;
  /** `undefined`: the file is gone. */
  readonly stamp: FileStamp | undefined;
  readonly manifest: Manifest | undefined;
}

interface Known {
  readonly stamp: FileStamp;
  /** When it was looked at, in milliseconds since the epoch. */
  readonly lookedAt: number;
}

class ManifestWatch {
  readonly #dir: string;
  readonly #onChange: (change: FirstChange) => void;
  readonly #folder = new ManifestFolder();
  readonly #watchers = new FolderWatchers((folder, name) => this.#onEvent(folder, name));
  readonly #known = new Map<string, Known>();
  readonly #doubts = new Map<string, Doubt>();
  /** Folders whose files are read, and those that links in them lead to besides. */
  #walked: ReadonlySet<string> = new Set();
  #looked: ReadonlyMap<string, string> = new Map();
  #unreadable: ReadonlyMap<string, string> = new Map();
  /** Files to look at; `all` for the whole tree. */
  #dirty: Set<string> | 'all' = 'all';
  #wake: () => void = () => {};

  constructor(dir: string, onChange: (change: FirstChange) => void) {
    this.#dir = dir;
    this.#onChange = onChange;
  }

  async run(signal: AbortSignal, remembered: readonly RememberedFile[]): Promise<void> {
    const wake = (): void => this.#wake();
    for (const held of remembered) this.#folder.restore(held);
    const before = inForceOf(remembered, this.#folder.deliver().objects);
    signal.addEventListener('abort', wake);
    try {
      let first = true;
      while (!signal.aborted) {
        const changed = await this.#look(first);
        if (signal.aborted) break;
        if (first) this.#deliver(before);
        else if (changed) this.#deliver();
        first = false;
        await this.#sleep(this.#hasEvents() ? 0 : this.#untilDue(), signal);
        if (this.#hasEvents()) await pause(gather);
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#watchers.close();
    }
  }

  #deliver(before?: readonly ManifestObject[]): void {
    const leaving = [...this.#doubts].flatMap(([file, { stamp }]) => (stamp === undefined ? [file] : []));
    const change = this.#folder.deliver(new Set(leaving));
    const unreadable = [...this.#unreadable].map(
      ([file, code]): Finding =>
        findingInFile('UnreadableFile', { file }, `${openProblem(code)} What it held stays in force.`),
    );
    const findings = [...change.findings, ...unreadable].toSorted(compareFindings);
    const differs =
      before?.length !== change.objects.length || before.some((object, i) => object !== change.objects[i]);
    this.#onChange({ ...change, findings, ...(before !== undefined && before.length > 0 && differs && { before }) });
  }

  #onEvent(folder: string, name: string | null): void {
    if (!this.#looked.has(folder) && name !== null && name !== basename(resolve(this.#dir))) return;
    if (name !== null && this.#walked.has(folder)) {
      // Names such as `..data` are what a mounted ConfigMap swaps.
      if (isIgnored(name) && !name.startsWith('..')) return;
      if (isManifest(name) && name !== 'input.yaml') this.#mark(join(folder, name));
      else this.#dirty = 'all';
    } else this.#dirty = 'all';
    this.#wake();
  }

  #mark(file: string): void {
    if (this.#dirty !== 'all') this.#dirty.add(file);
  }

  #hasEvents(): boolean {
    return this.#dirty === 'all' || this.#dirty.size > 0;
  }

  #untilDue(): number {
    const due = Math.min(...[...this.#doubts.values()].map(doubt => doubt.due - performance.now()));
    const next = this.#watchers.unwatched ? Math.min(due, poll) : due;
    return Math.max(0, next);
  }

  async #sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>(done => {
      const timer = Number.isFinite(milliseconds) ? setTimeout(done, milliseconds) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        done();
      };
    });
    this.#wake = () => {};
    if (this.#watchers.unwatched && !this.#hasEvents() && this.#doubts.size === 0) this.#dirty = 'all';
  }

  /** Looks at what may have changed; says whether there is anything to deliver. */
  async #look(first: boolean): Promise<boolean> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    let changed = dirty === 'all' ? await this.#lookAtAll(first) : false;
    if (dirty !== 'all') for (const file of dirty) changed = (await this.#lookAtPath(file)) || changed;
    for (const [file, doubt] of this.#doubts) {
      if (doubt.due <= performance.now()) changed = (await this.#settle(file, doubt)) || changed;
    }
    return changed;
  }

  async #lookAtAll(believe: boolean): Promise<boolean> {
    let tree = await walkManifests(this.#dir);
    // What was written before a new watch began is seen by looking once more.
    while (this.#watchers.watch(new Map([...(await parentFolder(this.#dir)), ...tree.folders])))
      tree = await walkManifests(this.#dir);
    this.#walked = tree.walked;
    this.#looked = tree.folders;
    let changed = !sameEntries(this.#unreadable, tree.unreadable);
    this.#unreadable = tree.unreadable;
    for (const [file, stamp] of tree.files) {
      const known = this.#known.get(file);
      const unchanged = known?.stamp.identity === stamp.identity && stamp.modified < known.lookedAt - clockGrain;
      if (!unchanged) changed = (await this.#read(file, stamp, believe)) || changed;
    }
    for (const file of this.#folder.files()) {
      if (!tree.files.has(file) && !isBelow(file, tree.unreadable)) this.#doubt(file, undefined, undefined);
    }
    return changed;
  }

  async #lookAtPath(file: string): Promise<boolean> {
    try {
      const stamp = await stampOf(file);
      if (stamp !== undefined) return await this.#read(file, stamp, false);
      // A folder with the name of a manifest.
      this.#dirty = 'all';
      this.#wake();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.#dirty = 'all';
      else if (this.#folder.reading(file) !== undefined) this.#doubt(file, undefined, undefined);
      else this.#doubts.delete(file);
    }
    return false;
  }

  /** Reads a file; what is doubtful waits for a second look. With `believe`, only what takes objects away is doubtful. */
  async #read(file: string, stamp: FileStamp, believe: boolean): Promise<boolean> {
    const lookedAt = Date.now();
    const previous = this.#folder.reading(file);
    const manifest = await readManifestFile(file, { previous });
    const after = await stampOf(file).catch(() => undefined);
    const doubtful = believe
      ? this.#folder.wouldRemove(manifest)
      : after?.identity !== stamp.identity || this.#isDoubtful(manifest, stamp, previous);
    if (doubtful) {
      this.#doubt(file, after, manifest);
      return false;
    }
    this.#doubts.delete(file);
    this.#known.set(file, { stamp, lookedAt });
    if (previous !== undefined && previous.text === manifest.text && manifest.text !== undefined) return false;
    this.#folder.set(manifest);
    return true;
  }

  #isDoubtful(manifest: Manifest, stamp: FileStamp, previous: Manifest | undefined): boolean {
    if (manifest.state === 'unreadable' || this.#folder.wouldRemove(manifest)) return true;
    const endsInLine = endsLine(manifest);
    // Writers flush by whole blocks, and end a text with its last line.
    return stamp.size % 4096 === 0 || (!endsInLine && (previous === undefined || endsLine(previous)));
  }

  #doubt(file: string, stamp: FileStamp | undefined, manifest: Manifest | undefined): void {
    const known = this.#doubts.get(file);
    if (known !== undefined && known.stamp?.identity === stamp?.identity && known.manifest?.text === manifest?.text)
      return;
    this.#doubts.set(file, { due: performance.now() + confirm, stamp, manifest });
  }

  /** Believes a doubtful look if the file is still as it was, else looks again. */
  async #settle(file: string, { stamp, manifest }: Doubt): Promise<boolean> {
    this.#doubts.delete(file);
    const now = await stampOf(file).catch(() => undefined);
    if (now?.identity !== stamp?.identity) return await this.#lookAtPath(file);
    if (stamp === undefined || manifest === undefined) {
      this.#known.delete(file);
      this.#folder.delete(file);
    } else {
      this.#known.set(file, { stamp, lookedAt: Date.now() });
      this.#folder.set(manifest);
    }
    return true;
  }
}

function endsLine({ text }: Manifest): boolean {
  return text === undefined || text === '' || text.endsWith('\n');
}

function isBelow(file: string, folders: ReadonlyMap<string, string>): boolean {
  return [...folders.keys()].some(folder => file === folder || file.startsWith(`${folder}/`));
}

function sameEntries(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function parentOf(dir: string): string {
  return dirname(resolve(dir));
}

/** The folder in which the watched one would come back once it has been moved away. */
async function parentFolder(dir: string): Promise<ReadonlyMap<string, string>> {
  try {
    await access(parentOf(dir), constants.R_OK);
    const { dev, ino } = await stat(parentOf(dir));
    return new Map([[parentOf(dir), `${dev}:${ino}`]]);
  } catch {
    // Not there, or not ours to look at: then nothing tells when the folder comes back.
    return new Map();
  }
}

async function pause(milliseconds: number): Promise<void> {
  await new Promise<void>(done => setTimeout(done, milliseconds));
}

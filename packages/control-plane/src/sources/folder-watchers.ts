import { type FSWatcher, watch } from 'node:fs';

/**
 * Watches a changing set of folders, each alone (the recursive watch of Node on Linux loses files that are replaced).
 * Where one can't be watched, since the system's limit is reached, `unwatched` says so: the caller looks from time to time.
 */
export class FolderWatchers {
  readonly #watchers = new Map<string, { identity: string; watcher: FSWatcher | undefined }>();
  readonly #onEvent: (folder: string, name: string | null) => void;

  /** `onEvent` gets the name of what changed in a folder, where the system says it. */
  constructor(onEvent: (folder: string, name: string | null) => void) {
    this.#onEvent = onEvent;
  }

  /** Watches exactly these folders, by path and inode; says whether any of them was not watched before. */
  watch(folders: ReadonlyMap<string, string>): boolean {
    for (const [folder, { identity, watcher }] of this.#watchers) {
      if (folders.get(folder) === identity) continue;
      watcher?.close();
      this.#watchers.delete(folder);
    }
    const before = this.#watchers.size;
    for (const [folder, identity] of folders) {
      if (!this.#watchers.has(folder)) this.#watchers.set(folder, { identity, watcher: this.#open(folder) });
    }
    return this.#watchers.size > before;
  }

  /** Whether a folder is not watched although it should be. */
  get unwatched(): boolean {
    return [...this.#watchers.values()].some(({ watcher }) => watcher === undefined);
  }

  /** Ends all watching. */
  close(): void {
    for (const { watcher } of this.#watchers.values()) watcher?.close();
    this.#watchers.clear();
  }

  #open(folder: string): FSWatcher | undefined {
    try {
      const watcher = watch(folder, (_event, name) => this.#onEvent(folder, name));
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(folder);
        this.#onEvent(folder, null);
      });
      return watcher;
    } catch {
      // ENOSPC and EMFILE: no watch left; ENOENT: gone meanwhile, and the next look will see it.
      return undefined;
    }
  }
}

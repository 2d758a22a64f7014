import { type FSWatcher, watch as watchPath } from 'node:fs';
import path from 'node:path';
import type { Watched, WatchedPlace } from './file-place.ts';

/** Watches one path, as `fs.watch` does; throws where the system has no watch left. */
export type Watch = (
  place: string,
  onEvent: (event: string, name: string | null) => void,
) => Pick<FSWatcher, 'close' | 'on'>;

/** The system's own watch; it does not keep the process alive. */
export const systemWatch: Watch = (place, onEvent) => watchPath(place, { persistent: false }, onEvent);

interface Watcher {
  readonly inode: string;
  readonly close: () => void;
}

/** Watches a changing set of places, each alone. */
export class PlaceWatchers {
  readonly #watch: Watch;
  readonly #onEvent: () => void;
  readonly #watchers = new Map<string, Watcher>();
  #places: Watched = new Map();

  /** `onEvent` is called when something happened to a name that counts. */
  constructor(watch: Watch, onEvent: () => void) {
    this.#watch = watch;
    this.#onEvent = onEvent;
  }

  /** Watches exactly these places; says whether any of them was not watched before, so that something may have been missed. */
  set(places: Watched): boolean {
    this.#places = places;
    for (const [place, { inode, close }] of this.#watchers) {
      if (places.get(place)?.inode === inode) continue;
      close();
      this.#watchers.delete(place);
    }
    let added = false;
    for (const [place, { inode }] of places) {
      if (this.#watchers.has(place)) continue;
      const watcher = this.#open(place, inode);
      if (watcher !== undefined) this.#watchers.set(place, watcher);
      added ||= watcher !== undefined;
    }
    return added;
  }

  /** Whether something is not watched that should be: then only looking from time to time helps. */
  get isPartial(): boolean {
    return this.#watchers.size < this.#places.size || this.#places.size === 0;
  }

  /** Ends all watching. */
  close(): void {
    for (const { close } of this.#watchers.values()) close();
    this.#watchers.clear();
  }

  #open(place: string, inode: string): Watcher | undefined {
    try {
      const watcher = this.#watch(place, (_event, name) => {
        const counts = this.#places.get(place);
        if (counts !== undefined && concerns(place, counts, name)) this.#onEvent();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#watchers.delete(place);
        this.#onEvent();
      });
      return { inode, close: () => watcher.close() };
    } catch {
      // ENOSPC and EMFILE: no watch left; ENOENT: gone meanwhile. Either way it counts as not watched.
      return undefined;
    }
  }
}

/** A folder that is itself moved or removed tells its own name; some systems tell none. */
function concerns(place: string, { names }: WatchedPlace, name: string | null): boolean {
  return name === null || names.size === 0 || names.has(name) || name === path.basename(place);
}

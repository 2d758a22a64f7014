import { readFile, stat } from 'node:fs/promises';
import type { Clock } from './clock.ts';
import { placesOf } from './file-place.ts';
import { PlaceWatchers, type Watch } from './place-watchers.ts';

/** What one look at the file found: its text, or why it can't be read. */
export type FileContent = { readonly text: string } | { readonly unreadable: string; readonly cause?: unknown };

const missing = 'does not exist';

/** Whether there was no file. */
export function isMissing(content: FileContent): boolean {
  return 'unreadable' in content && content.unreadable === missing;
}

/** Milliseconds for which a file must stay the same to be believed: who writes in place truncates first. */
const settle = 50;

/** The largest file that is read, in bytes; a ConfigMap holds one MiB. */
const maxBytes = 4 * 1024 * 1024;

/** What a watched file needs from the world. */
export interface FileWorld {
  readonly clock: Clock;
  readonly watch: Watch;
  /** Milliseconds between looks where the system's watch does not work. */
  readonly poll: number;
}

/** A file that is watched, whatever becomes of it: written in place, replaced, removed, or reached through links that are swapped. */
export class ConfigFile {
  readonly #path: string;
  readonly #world: FileWorld;
  readonly #watchers: PlaceWatchers;
  #wake: () => void = () => {};
  #dirty = false;
  #delivered: FileContent | undefined;

  constructor(path: string, world: FileWorld) {
    this.#path = path;
    this.#world = world;
    this.#watchers = new PlaceWatchers(world.watch, () => {
      this.#dirty = true;
      this.#wake();
    });
  }

  /**
   * The content now. The file is watched from here on, so that no change between this and `run` is lost. A second look
   * follows where `isGood` doubts the first: the file may be half-written.
   */
  async start(isGood: (content: FileContent) => boolean): Promise<FileContent> {
    await this.#watchAll();
    const content = await read(this.#path);
    this.#delivered = isGood(content) ? content : await this.#settled(new AbortController().signal);
    return this.#delivered;
  }

  /** Calls back with each new content, once it has stayed the same for 50 ms, until the signal aborts. */
  async run(signal: AbortSignal, onContent: (content: FileContent) => void): Promise<void> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      while (!signal.aborted) {
        await this.#event(signal);
        if (signal.aborted) break;
        const content = await this.#settled(signal);
        if (signal.aborted || isSame(content, this.#delivered)) continue;
        this.#delivered = content;
        onContent(content);
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.close();
    }
  }

  /** Ends all watching. */
  close(): void {
    this.#watchers.close();
  }

  /** Until something happened; where not all is watched, only for a while. */
  async #event(signal: AbortSignal): Promise<void> {
    if (this.#dirty || signal.aborted) return;
    await new Promise<void>(done => {
      const cancel = this.#watchers.isPartial ? this.#world.clock.after(this.#world.poll, done) : () => {};
      this.#wake = () => {
        cancel();
        done();
      };
    });
    this.#wake = () => {};
  }

  async #settled(signal: AbortSignal): Promise<FileContent> {
    let last: FileContent | undefined;
    for (;;) {
      this.#dirty = false;
      await this.#watchAll();
      const content = await read(this.#path);
      if (isSame(content, last) || signal.aborted) return content;
      last = content;
      await this.#pauseToSettle(signal);
    }
  }

  /** Watches where the file stands now; again until nothing moved while it was being found out. */
  async #watchAll(): Promise<void> {
    while (this.#watchers.set(await placesOf(this.#path)));
  }

  /** Lets writers finish; an abort ends it early. */
  async #pauseToSettle(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>(done => {
      const cancel = this.#world.clock.after(settle, done, 'holds the process');
      this.#wake = () => {
        if (!signal.aborted) return;
        cancel();
        done();
      };
    });
    this.#wake = () => {};
  }
}

async function read(path: string): Promise<FileContent> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return { unreadable: 'is no file' };
    if (found.size > maxBytes) return { unreadable: `is larger than ${maxBytes} bytes` };
    return { text: await readFile(path, 'utf8') };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    return { unreadable: code === 'ENOENT' ? missing : `can not be read: ${code}`, cause };
  }
}

function isSame(content: FileContent, other: FileContent | undefined): boolean {
  if (other === undefined) return false;
  if ('text' in content) return 'text' in other && content.text === other.text;
  return 'unreadable' in other && content.unreadable === other.unreadable;
}

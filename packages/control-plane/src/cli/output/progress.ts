import type { Output } from '../cli-command.ts';

/** Milliseconds after which something is worth telling that it goes on. */
const patience = 1000;

/** A line at the bottom of a person's terminal that tells what is going on, while it takes longer than a second. */
export interface Progress {
  /** What is going on from now on. */
  say(text: string): void;
  /** Takes the line away, so that others can write; the next `say` brings it back. */
  hide(): void;
}

/** The progress line of an output; none where nobody reads it as it comes. */
export function progressOn(out: Output): Progress {
  return out.isTerminal ? new ProgressLine(out) : { say: () => {}, hide: () => {} };
}

/** Tells that one thing is going on, once it takes longer than a second. Returns what ends it. */
export function showProgress(out: Output, text: string): () => void {
  const progress = progressOn(out);
  progress.say(text);
  return () => progress.hide();
}

/** Longer lines would be broken, and only the last part taken away. */
const longestLine = 78;

class ProgressLine implements Progress {
  readonly #out: Output;
  #text = '';
  #shown = false;
  #timer: NodeJS.Timeout | undefined;
  #waited = false;

  constructor(out: Output) {
    this.#out = out;
  }

  say(text: string): void {
    const before = this.#text;
    this.#text = text.length > longestLine ? `${text.slice(0, longestLine - 1)}…` : `${text}…`;
    if (this.#shown && before !== this.#text) this.#out.write(`\r\u{1B}[K${this.#text}`);
    if (this.#shown || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#show(), this.#waited ? 0 : patience);
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#shown) this.#out.write('\r\u{1B}[K');
    this.#shown = false;
  }

  #show(): void {
    this.#timer = undefined;
    this.#waited = true;
    this.#shown = true;
    this.#out.write(this.#text);
  }
}

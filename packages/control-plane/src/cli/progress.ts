import type { Output } from './cli-command.ts';

/** Milliseconds after which something is worth telling that it goes on. */
const patience = 1000;

/**
 * Tells a person at a terminal what is going on, once it takes longer than a second. Returns what ends it, which takes
 * the line away again.
 */
export function showProgress(out: Output, text: string): () => void {
  if (!out.isTerminal) return () => {};
  let shown = false;
  const timer = setTimeout(() => {
    shown = true;
    out.write(`${text}…`);
  }, patience);
  return () => {
    clearTimeout(timer);
    if (shown) out.write('\r\u{1B}[K');
  };
}

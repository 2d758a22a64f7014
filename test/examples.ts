import { readFileSync } from 'node:fs';
import path from 'node:path';

/** An example of the documentation that can be run. */
export interface Example {
  readonly code: string;
  /** What it says, by its own account: the comments that start with an arrow. */
  readonly output: string;
  /** File and line. */
  readonly place: string;
}

const root = path.dirname(import.meta.dirname);

/** The blocks of TypeScript in pages, each of which stands for itself. `// → text` is a line that it writes. */
export function examplesIn(...pages: readonly string[]): Example[] {
  return pages.flatMap(page => {
    const text = readFileSync(path.join(root, page), 'utf8');
    return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(({ 1: code = '', index }) => ({
      code,
      output: [...code.matchAll(/\/\/ → (.*)/g)].map(([, line]) => `${line}\n`).join(''),
      place: `${page}:${text.slice(0, index).split('\n').length}`,
    }));
  });
}

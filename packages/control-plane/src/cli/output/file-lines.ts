import { readFile } from 'node:fs/promises';
import type { LineText } from './tell.ts';

/** Reads files again to quote lines of them; one that can't be read (any more), or was standard input, has no lines. */
export async function readFileLines(files: readonly string[]): Promise<LineText> {
  const lines = new Map<string, readonly string[]>();
  for (const file of new Set(files)) lines.set(file, await linesOf(file));
  return (file, line) => lines.get(file)?.[line - 1];
}

async function linesOf(file: string): Promise<readonly string[]> {
  try {
    return (await readFile(file, 'utf8')).split(/\r?\n/);
  } catch {
    return []; // the quotation is left out; the place is told all the same
  }
}

import { readFile } from 'node:fs/promises';
import { filesAt, stdinName } from '../../sources/files.ts';
import { type CommandContext, UsageError } from '../cli-command.ts';

/** A file, or standard input, and what it holds. */
export interface NamedText {
  readonly file: string;
  readonly text: string;
}

/** Reads the files at paths, folders with all below them, and standard input for `-`. Throws `UsageError` for what can't be read. */
export async function readTexts(paths: readonly string[], context: CommandContext): Promise<NamedText[]> {
  const texts: NamedText[] = [];
  for (const path of new Set(paths)) {
    if (path === '-') {
      texts.push({ file: stdinName, text: await context.readStdin() });
      continue;
    }
    const { files, findings } = await filesAt(path);
    if (findings[0] !== undefined) throw new UsageError(`${findings[0].file ?? path}: ${findings[0].message}`);
    for (const file of files) texts.push({ file, text: await readFile(file, 'utf8') });
  }
  return texts;
}

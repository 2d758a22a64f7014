import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** What became of the files of a folder. */
export interface ReplacedFiles {
  readonly written: readonly string[];
  readonly unchanged: number;
  readonly removed: readonly string[];
}

/**
 * Writes files below a folder, by their path, and removes those below it that begin with the mark and are no longer made;
 * no other file is touched. A file that holds what it should is left alone.
 */
export async function replaceFiles(
  folder: string,
  files: ReadonlyMap<string, string>,
  mark: string,
): Promise<ReplacedFiles> {
  await mkdir(folder, { recursive: true });
  const removed: string[] = [];
  for (const file of await yamlFilesBelow(folder)) {
    if (files.has(file) || !(await beginsWith(path.join(folder, file), mark))) continue;
    await rm(path.join(folder, file));
    removed.push(file);
  }
  const written: string[] = [];
  for (const [file, text] of files) {
    const target = path.join(folder, file);
    if ((await contentOf(target)) === text) continue;
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
    written.push(file);
  }
  return { written, unchanged: files.size - written.length, removed };
}

async function yamlFilesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.yaml'))
    .map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

async function beginsWith(file: string, mark: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Buffer.byteLength(mark)), 0);
    return buffer.toString('utf8', 0, bytesRead) === mark;
  } finally {
    await handle.close();
  }
}

async function contentOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw cause;
  }
}

import { constants, open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compareFindings, type Finding, findingInFile } from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';
import { ManifestFolder } from './manifest-folder.ts';
import { errorCode, notAFile, walkManifests } from './manifest-tree.ts';
import { type Manifest, maxFileBytes, readManifest, readManifestBytes, unreadable } from './manifests.ts';

/** What a set of files defines. */
export interface ManifestSet {
  /** By path and position, without the kind Traffic. */
  readonly objects: readonly SourceObject[];
  /** Objects of kind Traffic: calls for tests, no resources. */
  readonly traffic: readonly SourceObject[];
  readonly findings: readonly Finding[];
}

/** What `readManifests` may be given. */
export interface ReadOptions {
  /** The text that the path `-` stands for. */
  readonly stdin?: string;
  /** The most that is read of one file, in bytes; 256 MB unless given: a dump of a whole cluster is one file. */
  readonly maxBytes?: number;
}

/** The name under which text from standard input is reported. */
export const stdinName = '<stdin>';

/**
 * Reads manifests once: files, whatever their name; folders, with all below them; `-` for standard input.
 * A path that does not exist is a finding. A file that several paths lead to is read once.
 */
export async function readManifests(paths: readonly string[], options: ReadOptions = {}): Promise<ManifestSet> {
  const folder = new ManifestFolder();
  const findings: Finding[] = [];
  const files = new Map<string, string>();
  for (const path of paths) {
    if (path === '-') {
      folder.set(readManifest(stdinName, options.stdin ?? ''));
      continue;
    }
    const found = await filesAt(path);
    findings.push(...found.findings);
    for (const file of found.files) if (!files.has(resolve(file))) files.set(resolve(file), file);
  }
  for (const file of files.values()) {
    folder.set(await readManifestFile(file, { maxBytes: options.maxBytes ?? 256 * 1024 * 1024, pipes: true }));
  }
  const { objects, traffic, findings: more } = folder.deliver();
  return { objects, traffic, findings: [...findings, ...more].toSorted(compareFindings) };
}

/**
 * Reads one file from disk; one that can't be opened is an unreadable manifest. So is what is no file, since reading it could
 * wait forever, unless `pipes` are read to their end: `validate -f <(…)`.
 */
export async function readManifestFile(
  file: string,
  options: { previous?: Manifest | undefined; maxBytes?: number; pipes?: boolean } = {},
): Promise<Manifest> {
  try {
    return readManifestBytes(file, await readBytes(file, options), options);
  } catch (error) {
    return unreadable(file, { file }, openProblem(errorCode(error)));
  }
}

/** The bytes of a file, one more than `maxBytes` at most. */
async function readBytes(
  file: string,
  { maxBytes = maxFileBytes, pipes = false }: { maxBytes?: number; pipes?: boolean },
): Promise<Buffer> {
  // Opening a pipe without a writer waits for one, and reading it finds its end at once, unless told otherwise.
  const handle = await open(file, pipes ? constants.O_RDONLY : constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!pipes && !(await handle.stat()).isFile()) throw Object.assign(new Error(file), { code: notAFile });
    const chunks: Buffer[] = [];
    for await (const chunk of handle.createReadStream({ end: maxBytes, autoClose: false }))
      chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } finally {
    await handle.close();
  }
}

/** What is said of a path that can't be opened, by the error's code. */
export function openProblem(code: string): string {
  if (code === 'ENOENT') return 'There is no such file or folder: check the path.';
  if (code === 'EACCES' || code === 'EPERM') return 'It may not be read: check its permissions.';
  if (code === 'ELOOP') return 'It is a link that leads to itself: remove it.';
  if (code === notAFile) return 'It is neither a file nor a folder: give what is no manifest another name.';
  return `It can not be read (${code}).`;
}

/** The files that a path leads to, itself or all below it, and what of it can not be read. */
export async function filesAt(path: string): Promise<{ files: readonly string[]; findings: readonly Finding[] }> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], findings: [] };
  } catch (error) {
    return { files: [], findings: [findingInFile('UnreadableFile', { file: path }, openProblem(errorCode(error)))] };
  }
  const { files, unreadable } = await walkManifests(path);
  const findings = [...unreadable].map(([file, code]) => findingInFile('UnreadableFile', { file }, openProblem(code)));
  return { files: [...files.keys()], findings };
}

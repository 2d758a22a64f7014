import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compareFindings, type Finding, findingInFile } from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';
import { ManifestFolder } from './manifest-folder.ts';
import { errorCode, stampOf, walkManifests } from './manifest-tree.ts';
import { type Manifest, readManifest, readManifestBytes, unreadable } from './manifests.ts';

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
    folder.set(await readManifestFile(file, { maxBytes: options.maxBytes ?? 256 * 1024 * 1024 }));
  }
  const { objects, traffic, findings: more } = folder.deliver();
  return { objects, traffic, findings: [...findings, ...more].toSorted(compareFindings) };
}

/** Reads one file from disk; one that can't be opened is an unreadable manifest. */
export async function readManifestFile(
  file: string,
  options: { previous?: Manifest | undefined; maxBytes?: number } = {},
): Promise<Manifest> {
  try {
    return readManifestBytes(file, await readFile(file), options);
  } catch (error) {
    return unreadable(file, { file }, openProblem(errorCode(error)));
  }
}

/** What is said of a path that can't be opened, by the error's code. */
export function openProblem(code: string): string {
  if (code === 'ENOENT') return 'There is no such file or folder: check the path.';
  if (code === 'EACCES' || code === 'EPERM') return 'It may not be read: check its permissions.';
  return `It can not be read (${code}).`;
}

/** The files that a path leads to, itself or all below it, and what of it can not be read. */
export async function filesAt(path: string): Promise<{ files: readonly string[]; findings: readonly Finding[] }> {
  try {
    if ((await stampOf(path)) !== undefined) return { files: [path], findings: [] };
  } catch (error) {
    return { files: [], findings: [findingInFile('UnreadableFile', { file: path }, openProblem(errorCode(error)))] };
  }
  const { files, unreadable } = await walkManifests(path);
  const findings = [...unreadable].map(([file, code]) => findingInFile('UnreadableFile', { file }, openProblem(code)));
  return { files: [...files.keys()], findings };
}

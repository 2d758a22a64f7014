import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { compareFindings, type Finding, findingAt } from '@heddle/mesh';
import { groupOf, type KubeObject, type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
import { useOf } from './kinds.ts';
import type { ManifestObject } from './manifest-object.ts';
import type { Manifest } from './manifests.ts';

/** What changed since the last delivery. Removals come before upserts: an object rewritten in another version is in both. */
export interface ManifestChange {
  /** New objects and those with other content; one whose content is the same is the same JavaScript object, and not here. */
  readonly upserts: readonly SourceObject[];
  readonly removals: readonly ObjectRef[];
  /** Objects of the same content that now stand elsewhere: what was said about them may name the old line. */
  readonly moved: readonly SourceObject[];
  /** All objects in force, by file and position, without the kind Traffic. */
  readonly objects: readonly ManifestObject[];
  /** All objects of kind Traffic: calls for tests, no resources. */
  readonly traffic: readonly SourceObject[];
  /** All that is wrong with the files now. */
  readonly findings: readonly Finding[];
  /** What each file holds, by path. */
  readonly files: readonly HeldFile[];
}

/** What a file holds, in force or not: what its next reading is compared with. */
export interface HeldFile {
  readonly file: string;
  /** Of its last reading that was readable. */
  readonly objects: readonly ManifestObject[];
  /** Of earlier readings, missing from one that was read partly: they give way to what other files define. */
  readonly retained: readonly ManifestObject[];
}

interface FileEntry {
  /** The latest reading, whatever its state. */
  manifest: Manifest;
  /** In force: of the last reading that was readable. Kept objects stand in for equal ones read later. */
  objects: ManifestObject[];
  /** Objects of earlier readings that are missing from one that was read partly. */
  retained: ManifestObject[];
}

/**
 * Holds what a set of files defines. In: readings of single files. Out: what changed. It must not know where files come
 * from.
 * A file that can't be read keeps its last good objects; one that was read partly takes nothing away; an object that is
 * defined twice counts where it stands first, by path and position, whatever order the files came in.
 */
export class ManifestFolder {
  readonly #files = new Map<string, FileEntry>();
  #inForce = new Map<string, ManifestObject>();

  /** The latest reading of a file. */
  reading(file: string): Manifest | undefined {
    return this.#files.get(file)?.manifest;
  }

  /** The files that are held. */
  files(): Iterable<string> {
    return this.#files.keys();
  }

  /** Takes the reading of a file. */
  set(manifest: Manifest): void {
    const entry = this.#files.get(manifest.file);
    if (entry === undefined) {
      this.#files.set(manifest.file, { manifest, objects: [...manifest.objects], retained: [] });
      return;
    }
    entry.manifest = manifest;
    if (manifest.state === 'unreadable') return;
    entry.retained = manifest.state === 'whole' ? [] : missing([...entry.objects, ...entry.retained], manifest.objects);
    entry.objects = [...manifest.objects];
  }

  /** Takes over what a file held in an earlier life of this folder, before any reading of it. */
  restore({ file, objects, retained }: HeldFile): void {
    const places = [...objects, ...retained].map(({ place }) => place).filter(place => place.file === file);
    const parts = new Map(places.map(({ part }) => [part.text, part]));
    this.#files.set(file, {
      manifest: { file, text: undefined, objects, findings: [], state: 'whole', parts },
      objects: [...objects],
      retained: [...retained],
    });
  }

  /** Forgets a file and what it defined. */
  delete(file: string): void {
    this.#files.delete(file);
  }

  /** Whether a reading would take away an object that its file has in force. */
  wouldRemove(manifest: Manifest): boolean {
    const entry = this.#files.get(manifest.file);
    if (entry === undefined || manifest.state !== 'whole') return false;
    return missing([...entry.objects, ...entry.retained], manifest.objects).length > 0;
  }

  /** What changed since the last call. Objects of files that may be `leaving` (as in a rename) give way to all others. */
  deliver(leaving: ReadonlySet<string> = new Set()): ManifestChange {
    const before = this.#inForce;
    const { inForce, findings } = this.#collect(leaving);
    const upserts: ManifestObject[] = [];
    const moved: ManifestObject[] = [];
    const removals: ObjectRef[] = [];
    for (const [key, { entries, index, others }] of inForce) {
      const next = entries[index] as ManifestObject;
      const kept = before.get(key);
      if (kept === undefined || !isSame(kept, next)) {
        if (kept !== undefined && kept.object.apiVersion !== next.object.apiVersion) removals.push(refOf(kept.object));
        upserts.push(next);
      } else if (kept !== next) {
        // It may still stand where it stood.
        for (const other of others) if (other.entries[other.index] === kept) other.entries[other.index] = kept.twin();
        entries[index] = kept;
        if (kept.moveTo(next)) moved.push(kept);
      }
    }
    this.#inForce = new Map([...inForce].map(([key, { entries, index }]) => [key, entries[index] as ManifestObject]));
    for (const [key, { object }] of before) if (!inForce.has(key)) removals.push(refOf(object));
    return {
      upserts: upserts.filter(isResource),
      removals: removals.filter(({ apiVersion, kind }) => useOf(apiVersion, kind) !== 'traffic'),
      moved: moved.filter(isResource),
      objects: [...this.#inForce.values()].filter(isResource),
      traffic: [...this.#inForce.values()].filter(source => !isResource(source)),
      findings: [...findings, ...duplicatesOf(inForce)].toSorted(compareFindings),
      files: this.#held(),
    };
  }

  #held(): HeldFile[] {
    return this.#sorted().map(({ manifest: { file }, objects, retained }) => ({ file, objects, retained }));
  }

  #sorted(): FileEntry[] {
    return [...this.#files].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  }

  #collect(leaving: ReadonlySet<string>): { inForce: Map<string, Claim>; findings: Finding[] } {
    const inForce = new Map<string, Claim>();
    const findings: Finding[] = [];
    const entries = this.#sorted();
    for (const { manifest, objects } of entries) {
      findings.push(...manifest.findings);
      if (leaving.has(manifest.file)) continue;
      objects.forEach((source, index) => {
        const key = keyOf(source);
        const claim = inForce.get(key);
        const definition = { entries: objects, index };
        if (claim === undefined) inForce.set(key, { ...definition, others: [] });
        else claim.others.push({ ...definition, isDuplicate: true });
      });
    }
    const yielding = entries.flatMap(({ manifest, objects, retained }) =>
      leaving.has(manifest.file) ? [objects, retained] : [retained],
    );
    for (const objects of yielding) {
      objects.forEach((source, index) => {
        const key = keyOf(source);
        const definition = { entries: objects, index };
        const claim = inForce.get(key);
        if (claim === undefined) inForce.set(key, { ...definition, others: [] });
        else claim.others.push({ ...definition, isDuplicate: false });
      });
    }
    return { inForce, findings };
  }
}

/** A place in a file's list. */
interface Definition {
  readonly entries: ManifestObject[];
  readonly index: number;
}

/** The definition of an object that counts, and those that don't; those that only give way to it are no duplicates. */
interface Claim extends Definition {
  readonly others: (Definition & { readonly isDuplicate: boolean })[];
}

const keys = new WeakMap<KubeObject, string>();

/** Names one object whatever version it is written in, as in the API server. */
export function keyOf({ object }: SourceObject): string {
  const known = keys.get(object);
  if (known !== undefined) return known;
  const { apiVersion, kind, namespace, name } = refOf(object);
  const key = `${groupOf(apiVersion)}/${kind}/${namespace}/${name}`;
  keys.set(object, key);
  return key;
}

function missing(held: readonly ManifestObject[], read: readonly ManifestObject[]): ManifestObject[] {
  const present = new Set(read.map(keyOf));
  return held.filter(source => !present.has(keyOf(source)));
}

/** Equal content in one folder: relative paths in an object start from its file's folder. */
function isSame(a: ManifestObject, b: ManifestObject): boolean {
  if (a === b) return true;
  if (dirname(a.file) !== dirname(b.file)) return false;
  return a.object === b.object || isDeepStrictEqual(a.object, b.object);
}

function isResource({ object }: SourceObject): boolean {
  return useOf(object.apiVersion, object.kind) !== 'traffic';
}

function duplicatesOf(inForce: ReadonlyMap<string, Claim>): Finding[] {
  return [...inForce.values()].flatMap(({ entries, index, others }) =>
    others
      .filter(({ isDuplicate }) => isDuplicate)
      .map(other => {
        const source = other.entries[other.index] as ManifestObject;
        const { object } = source;
        const first = entries[index]?.locate([]);
        const where = first === undefined ? 'elsewhere' : `in ${first.file}:${first.line}`;
        const message = `${object.kind} ${object.metadata.name} is defined already ${where}, and counts there: remove one of the two.`;
        return findingAt('DuplicateObject', source, [], message);
      }),
  );
}

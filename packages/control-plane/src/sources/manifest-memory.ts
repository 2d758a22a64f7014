import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FieldPath } from '@heddle/smi';
import type { RememberedFile } from './last-good-objects.ts';
import { makeDirectory } from './make-directory.ts';
import { ManifestObject, type ManifestPlace } from './manifest-object.ts';
import { ManifestPart } from './manifest-part.ts';

/** What a memory of manifests needs to know. */
export interface ManifestMemoryOptions {
  /** Where it is kept; made when missing, in a folder that is there. Nothing else may be in it. */
  readonly directory: string;
  /** Told of what could not be read or written: nothing but the memory of those files is lost. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

/**
 * Remembers on disk what files of manifests hold and what is in force in place of it, so that a process that is started
 * again can start from where the one before it ended. One file for each manifest, replaced as a whole, and only when what it
 * says differs.
 */
export class ManifestMemory {
  /** What was remembered when this memory was opened, by path. */
  readonly remembered: readonly RememberedFile[];
  readonly #options: ManifestMemoryOptions;
  readonly #kept: Map<string, Kept>;
  /** Content to be written by manifest; `undefined`: to be forgotten. */
  readonly #unsaved = new Map<string, string | undefined>();
  #saving: Promise<void> | undefined;

  private constructor(options: ManifestMemoryOptions, texts: ReadonlyMap<string, string>) {
    const held = [...texts].map(([name, text]) => recall(name, text, options));
    this.#options = options;
    this.remembered = held.flatMap(file => file ?? []).toSorted((a, b) => (a.file < b.file ? -1 : 1));
    this.#kept = new Map(
      this.remembered.map(file => [
        file.file,
        { places: placesOf(file), digest: digest(texts.get(nameOf(file.file)) ?? '') },
      ]),
    );
  }

  /** Opens the memory that a folder holds. What can't be read of it is not remembered. */
  static async open(options: ManifestMemoryOptions): Promise<ManifestMemory> {
    const { directory, onTrouble } = options;
    const texts = new Map<string, string>();
    try {
      await makeDirectory(directory);
      for (const name of await readdir(directory))
        if (name.endsWith(suffix)) texts.set(name, await readFile(join(directory, name), 'utf8'));
    } catch (error) {
      onTrouble(troubleReading, error);
    }
    return new ManifestMemory(options, texts);
  }

  /** Remembers these files and forgets all others. Returns at once; {@link saved} tells when it is on disk. */
  keep(files: readonly RememberedFile[]): void {
    const gone = new Set(this.#kept.keys());
    for (const held of files) {
      gone.delete(held.file);
      this.#keepOne(held);
    }
    for (const file of gone) {
      this.#kept.delete(file);
      this.#unsaved.set(file, undefined);
    }
    if (this.#unsaved.size > 0) this.#saving ??= this.#save();
  }

  /** Resolves once everything that is to be remembered is on disk, or could not be written. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  #keepOne(held: RememberedFile): void {
    const places = placesOf(held);
    const before = this.#kept.get(held.file);
    if (before !== undefined && isSame(before.places, places)) return;
    const text = textOf(held);
    const kept = { places, digest: digest(text) };
    this.#kept.set(held.file, kept);
    if (before?.digest !== kept.digest) this.#unsaved.set(held.file, text);
  }

  async #save(): Promise<void> {
    for (const [file, text] of this.#unsaved) {
      this.#unsaved.delete(file);
      const path = join(this.#options.directory, nameOf(file));
      try {
        if (text === undefined) await rm(path, { force: true });
        else await replace(path, text);
      } catch (error) {
        // The next change, of whatever file, tries again.
        this.#kept.delete(file);
        this.#options.onTrouble('what a file of manifests holds could not be saved', error);
      }
    }
    this.#saving = undefined;
  }
}

/** Where each object of a file stood when it was last remembered, list by list. */
interface Kept {
  readonly places: readonly (readonly ManifestPlace[])[];
  readonly digest: string;
}

/** A file as it is written down: parts of texts, and which objects of them it holds. Plain JSON. */
interface SavedFile {
  readonly file: string;
  readonly parts: readonly { readonly file: string; readonly line: number; readonly text: string }[];
  readonly objects: readonly SavedObject[];
  readonly retained: readonly SavedObject[];
  readonly lastGood: readonly SavedObject[];
}

interface SavedObject {
  /** Which of the parts. */
  readonly part: number;
  readonly document: number;
  readonly path: FieldPath;
}

const suffix = '.json';
const troubleReading = 'what files of manifests held could not be read; the files count as they are now';

/** Texts of any length and character make a name. */
function nameOf(file: string): string {
  return `${digest(file).slice(0, 32)}${suffix}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** All or nothing, and for nobody else: manifests hold secrets. */
async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}

function placesOf({ objects, retained, lastGood }: RememberedFile): ManifestPlace[][] {
  return [objects, retained, lastGood].map(list => list.map(({ place }) => place));
}

function isSame(before: Kept['places'], after: Kept['places']): boolean {
  return before.every((places, list) => {
    const others = after[list] ?? [];
    return places.length === others.length && places.every((place, index) => place === others[index]);
  });
}

function textOf({ file, objects, retained, lastGood }: RememberedFile): string {
  const parts: ManifestPlace[] = [];
  const indexes = new Map<ManifestPart, number[]>();
  const save = ({ place }: ManifestObject): SavedObject => {
    // Equal parts of a file are one, at several lines.
    const known = indexes.get(place.part) ?? [];
    indexes.set(place.part, known);
    let part = known.find(index => parts[index]?.line === place.line && parts[index]?.file === place.file);
    if (part === undefined) known.push((part = parts.push(place) - 1));
    return { part, document: place.document, path: place.path };
  };
  const lists = { objects: objects.map(save), retained: retained.map(save), lastGood: lastGood.map(save) };
  const saved: SavedFile = {
    file,
    parts: parts.map(place => ({ file: place.file, line: place.line, text: place.part.text })),
    ...lists,
  };
  return JSON.stringify(saved);
}

function recall(name: string, text: string, { onTrouble }: ManifestMemoryOptions): RememberedFile | undefined {
  try {
    const { file, parts, objects, retained, lastGood } = JSON.parse(text) as SavedFile;
    if (nameOf(file) !== name) throw new Error(`${name} is not the memory of ${file}`);
    const entries = parts.map(entriesOf);
    const restore = ({ part, document, path }: SavedObject): ManifestObject => {
      const object = entries[part]?.get(keyOf(document, path));
      if (object === undefined) throw new Error(`the memory of ${file} names what it does not hold`);
      return object;
    };
    return {
      file,
      objects: objects.map(restore),
      retained: retained.map(restore),
      lastGood: lastGood.map(restore),
    };
  } catch (error) {
    onTrouble(troubleReading, error);
    return undefined;
  }
}

function entriesOf({ file, line, text }: SavedFile['parts'][number]): ReadonlyMap<string, ManifestObject> {
  const part = new ManifestPart(text, { json: file.endsWith('.json') });
  return new Map(
    part.documents.flatMap(({ entries }, document) =>
      entries.map(({ object, path }) => [
        keyOf(document, path),
        new ManifestObject(object, { file, line, part, document, path }),
      ]),
    ),
  );
}

function keyOf(document: number, path: FieldPath): string {
  return JSON.stringify([document, path]);
}

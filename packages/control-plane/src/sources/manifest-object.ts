import type { FieldPath, KubeObject, SourceLocation, SourceObject } from '@heddle/smi';
import type { ManifestPart } from './manifest-part.ts';

/** Where an object was written. */
export interface ManifestPlace {
  readonly file: string;
  /** Lines of the file before the part. */
  readonly line: number;
  readonly part: ManifestPart;
  /** Which document of the part. */
  readonly document: number;
  /** Where in the document. */
  readonly path: FieldPath;
}

/**
 * An object that a file defines. It stays the same JavaScript object while its content does, wherever an edit moves it:
 * `locate` answers with where it stands now.
 */
export class ManifestObject implements SourceObject {
  readonly object: KubeObject;
  readonly locate: (path: FieldPath) => SourceLocation;
  #place: ManifestPlace;

  constructor(object: KubeObject, place: ManifestPlace) {
    this.object = object;
    this.#place = place;
    this.locate = path => locateIn(this.#place, path);
  }

  /** The file that it stands in. */
  get file(): string {
    return this.#place.file;
  }

  /** Where it stands: another JavaScript object after every reading of its file that has it. */
  get place(): ManifestPlace {
    return this.#place;
  }

  /** Another one, of the same content at the same place. */
  twin(): ManifestObject {
    return new ManifestObject(this.object, this.#place);
  }

  /** Takes over the place of an equal object; says whether it is another one, as lines count. */
  moveTo(other: ManifestObject): boolean {
    const before = this.#place;
    this.#place = other.#place;
    const { file, line, part } = other.#place;
    return before.file !== file || before.line !== line || before.part !== part;
  }
}

/** Where a field stands in its file, or its nearest written ancestor. */
export function locateIn(place: ManifestPlace, path: FieldPath): SourceLocation {
  const { line, column } = place.part.locate(place.document, [...place.path, ...path]);
  return { file: place.file, line: place.line + line, column };
}

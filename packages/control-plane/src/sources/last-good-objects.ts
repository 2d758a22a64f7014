import type { SourceObject } from '@heddle/smi';
import { type HeldFile, keyOf, type ManifestChange } from './manifest-folder.ts';
import type { ManifestObject } from './manifest-object.ts';

/** What a file holds, and what is in force in place of it. */
export interface RememberedFile extends HeldFile {
  /** The last good versions of those of its objects that are refused as they stand. */
  readonly lastGood: readonly ManifestObject[];
}

/**
 * Remembers of each object that files define the version that is in force. In: what the files hold, and what of it came in
 * force. Out: what the files hold, with the last good version of each object that is refused. Whoever starts from the latter,
 * and takes what the files hold for an edit of it, has the same in force as whoever saw every edit.
 */
export class LastGoodObjects {
  #good: ReadonlyMap<string, ManifestObject> = new Map();

  /** Takes over what was in force when somebody before this one ended. */
  restore(inForce: readonly ManifestObject[]): void {
    this.#good = new Map(inForce.map(source => [keyOf(source), source]));
  }

  /**
   * `inForce` is all that is written and in force. An object of which it has no version is of a kind that nobody refuses, or
   * nothing of it was ever in force: that one has no last good version.
   */
  of({ files, objects }: Pick<ManifestChange, 'files' | 'objects'>, inForce: Iterable<SourceObject>): RememberedFile[] {
    const accepted = new Map([...inForce].map(source => [keyOf(source), source.object]));
    const good = new Map<string, ManifestObject>();
    for (const source of objects) {
      const key = keyOf(source);
      const version = accepted.get(key);
      const isInForce = version === undefined || version === source.object;
      good.set(key, isInForce ? source : (this.#good.get(key) ?? source));
    }
    this.#good = good;
    const counting = new Set(objects);
    return files.map(file => ({
      ...file,
      lastGood: [...file.objects, ...file.retained].flatMap(source => {
        const version = good.get(keyOf(source));
        return counting.has(source) && version !== undefined && version !== source ? version : [];
      }),
    }));
  }
}

/** What was in force when these files were remembered, given the objects that count in them. */
export function inForceOf(
  remembered: readonly RememberedFile[],
  objects: readonly ManifestObject[],
): readonly ManifestObject[] {
  const good = new Map(remembered.flatMap(({ lastGood }) => lastGood.map(source => [keyOf(source), source])));
  return objects.map(source => good.get(keyOf(source)) ?? source);
}

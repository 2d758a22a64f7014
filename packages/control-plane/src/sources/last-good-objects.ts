import type { SourceObject } from '@heddle/smi';
import { type HeldFile, keyOf, type ManifestChange } from './manifest-folder.ts';
import type { ManifestObject } from './manifest-object.ts';

/**
 * Remembers of each object that files define the last version that was not refused. In: what the files hold, and what of it
 * came in force. Out: what they would hold if every refused object stood there as it is in force. Whoever starts from that,
 * and takes the files as they are for an edit of it, has the same in force as whoever saw every edit.
 */
export class LastGoodObjects {
  #good: ReadonlyMap<string, ManifestObject> = new Map();

  /** Takes over what was in force when somebody before this one ended. */
  restore(inForce: readonly ManifestObject[]): void {
    this.#good = new Map(inForce.map(source => [keyOf(source), source]));
  }

  /**
   * The files with the good versions. `inForce` is all that is written and in force; an object of which it has no version is
   * of a kind that nobody refuses, or nothing of it was ever in force: that one stays as it is written.
   */
  of({ files, objects }: Pick<ManifestChange, 'files' | 'objects'>, inForce: Iterable<SourceObject>): HeldFile[] {
    const accepted = new Map([...inForce].map(source => [keyOf(source), source.object]));
    const counting = new Set(objects);
    const good = new Map<string, ManifestObject>();
    const goodOf = (source: ManifestObject): ManifestObject => {
      if (!counting.has(source)) return source;
      const key = keyOf(source);
      const version = accepted.get(key);
      const isGood = version === undefined || version === source.object;
      const chosen = isGood ? source : (this.#good.get(key) ?? source);
      good.set(key, chosen);
      return chosen;
    };
    const held = files.map(file => ({
      ...file,
      objects: file.objects.map(goodOf),
      retained: file.retained.map(goodOf),
    }));
    this.#good = good;
    return held;
  }
}

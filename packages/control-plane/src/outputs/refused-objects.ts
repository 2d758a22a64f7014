import type { ResourceOrigin } from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';

/** A version of an object of which something was made that sidecars refuse. */
export interface Refusal {
  readonly origin: ResourceOrigin;
  /** Envoy's own words. */
  readonly message: string;
  /** How many sidecars were to have what was made of it. */
  readonly concerned: number;
  /** Others were refused together with it, and it is not known yet which one is to blame. */
  readonly isDoubted: boolean;
}

/** What a sidecar refused, and who may be to blame. */
export interface Accusation {
  /** One for each object. */
  readonly suspects: readonly ResourceOrigin[];
  readonly message: string;
  readonly concerned: (source: SourceObject) => number;
}

/**
 * The books on versions of objects that sidecars refuse. Where several may be to blame all of them are set aside at once, so
 * that the rest gets through, and then brought back one by one, each as soon as the one before is acknowledged: the one that is
 * refused again is to blame, and stays aside until it is written anew. It knows neither sidecars nor resources.
 */
export class RefusedObjects {
  readonly #refusals = new Map<SourceObject, Refusal>();
  /** Older versions of objects: nothing is to be said of them, but they are not to come back. */
  #outdated: ReadonlySet<SourceObject> = new Set();
  /** The version that was brought back last, until it is acknowledged. */
  #trial: { readonly source: SourceObject; isPublished: boolean } | undefined;

  /** The versions that are set aside. */
  get sources(): ReadonlySet<SourceObject> {
    return new Set(this.#refusals.keys());
  }

  /** Why the newest version of an object is set aside, for each where it is. */
  get list(): readonly Refusal[] {
    return [...this.#refusals.values()].filter(({ origin }) => !this.#outdated.has(origin.source));
  }

  /** Nothing is set aside, and nothing is on trial. */
  get isIdle(): boolean {
    return this.#refusals.size === 0 && this.#trial === undefined;
  }

  /** Sets aside who is to blame; false where nothing new comes of it. */
  refuse({ suspects, message, concerned }: Accusation): boolean {
    const present = suspects.filter(({ source }) => !this.#refusals.has(source));
    const tried = present.filter(({ source }) => source === this.#trial?.source);
    if (tried.length > 0) this.#trial = undefined;
    const blamed = tried.length > 0 ? tried : present;
    const isDoubted = blamed.length > 1;
    for (const origin of blamed) {
      const { source } = origin;
      this.#refusals.set(source, { origin, message, concerned: concerned(source), isDoubted });
    }
    return blamed.length > 0;
  }

  /** To be told when what is not set aside was published. */
  published(): void {
    if (this.#trial !== undefined) this.#trial.isPublished = true;
  }

  /** To be told when sidecars have acknowledged all that was published; true where another version is brought back. */
  settle(): boolean {
    if (this.#trial?.isPublished === false) return false;
    this.#trial = undefined;
    for (const [source, { isDoubted }] of this.#refusals) {
      if (!isDoubted || this.#outdated.has(source)) continue;
      this.#refusals.delete(source);
      this.#trial = { source, isPublished: false };
      return true;
    }
    return false;
  }

  /**
   * Forgets the versions of objects that are gone.
   * @param newest gives the newest version of the object that a version is of; undefined where it is gone
   */
  retain(newest: (source: SourceObject) => SourceObject | undefined): void {
    for (const source of this.#refusals.keys()) if (newest(source) === undefined) this.#refusals.delete(source);
    if (this.#trial !== undefined && newest(this.#trial.source) === undefined) this.#trial = undefined;
    this.#outdated = new Set([...this.#refusals.keys()].filter(source => newest(source) !== source));
  }
}

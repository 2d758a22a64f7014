import {
  type Compile,
  createCompiler,
  type Finding,
  findingsOf,
  type HeldObject,
  type MeshSettings,
  ResourceStore,
  readResource,
} from '@heddle/mesh';
import { groupOf, kindOf, type ObjectRef, refOf, type SourceObject } from '@heddle/smi';

/** What is in the cluster at the moment. */
export interface Present {
  readonly objects: () => Iterable<HeldObject>;
  readonly settings: MeshSettings;
}

/**
 * Asks what would be wrong with an object if it were written now: what is held, and the object, go through the same functions
 * as in the running mesh, beside it. Units are remembered from one rehearsal to the next, so one costs what the object touches.
 */
export class Rehearsal {
  readonly #present: () => Present | undefined;
  #store = new ResourceStore();
  #compile: Compile = createCompiler();
  #held = new Map<string, SourceObject>();

  /** @param present `undefined` as long as nobody knows what there is: then an object is judged by itself */
  constructor(present: () => Present | undefined) {
    this.#present = present;
  }

  /** Every finding about the object, of all severities, in the order in which they were found. */
  findings(source: SourceObject, settings: MeshSettings): readonly Finding[] {
    const present = this.#present();
    if (present === undefined) return readResource(source, settings).findings;
    try {
      this.#follow(present);
      return this.#rehearse(source);
    } catch (error) {
      // What failed half way is not trusted any more.
      this.#store = new ResourceStore();
      this.#compile = createCompiler();
      this.#held.clear();
      throw error;
    }
  }

  #rehearse(source: SourceObject): readonly Finding[] {
    const ref = refOf(source.object);
    const key = keyOf(ref);
    const before = this.#held.get(key);
    // The last good version of an object hides nothing of a rehearsal, nor a rehearsed one anything of the next.
    const removals = before === undefined ? [] : [refOf(before.object)];
    this.#store.apply({ upserts: [], removals });
    const model = this.#compile(this.#store.apply({ upserts: [source], removals: [] }));
    const found = findingsOf(model).filter(({ object }) => object !== undefined && keyOf(object) === key);
    this.#store.apply({ upserts: [], removals: [ref] });
    if (before !== undefined) this.#store.apply({ upserts: [before], removals: [] });
    return found;
  }

  #follow({ objects, settings }: Present): void {
    const now = new Map<string, SourceObject>();
    for (const { ref, latest } of objects()) now.set(keyOf(ref), latest);
    const upserts = [...now].flatMap(([key, source]) => (this.#held.get(key) === source ? [] : [source]));
    const removals = [...this.#held].flatMap(([key, { object }]) => (now.has(key) ? [] : [refOf(object)]));
    this.#store.configure(settings);
    if (upserts.length > 0 || removals.length > 0) this.#store.apply({ upserts, removals });
    this.#held = now;
  }
}

/** An object whatever its version. */
function keyOf({ apiVersion, kind, namespace, name }: ObjectRef): string {
  const group = kindOf(apiVersion, kind)?.group ?? groupOf(apiVersion);
  return `${group}/${kind}/${namespace}/${name}`;
}

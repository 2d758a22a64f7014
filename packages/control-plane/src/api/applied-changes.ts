import type { ObjectRef } from '@heddle/smi';
import type { AppliedChange } from './mesh-status.ts';

interface Waiting {
  /** By name: the last that became of each counts. */
  readonly objects: Map<string, ObjectRef>;
  readonly removed: Map<string, ObjectRef>;
  readonly since: number;
}

/** Follows changes of the input until every sidecar that they concern has acknowledged them. */
export class AppliedChanges {
  readonly #now: () => number;
  readonly #onApplied: (change: AppliedChange) => void;
  #waiting: Waiting | undefined;
  #pending = new Set<string>();
  #concerned = 0;
  #revision = 0;
  #last: AppliedChange | null = null;

  /**
   * @param now milliseconds on a clock that never goes back
   * @param onApplied told of each change that is in force everywhere
   */
  constructor(now: () => number, onApplied: (change: AppliedChange) => void = () => {}) {
    this.#now = now;
    this.#onApplied = onApplied;
  }

  /** The last change that is in force everywhere. */
  get last(): AppliedChange | null {
    return this.#last;
  }

  /** The sources delivered a change of these objects. */
  delivered(upserts: readonly ObjectRef[], removals: readonly ObjectRef[]): void {
    this.#waiting ??= { objects: new Map(), removed: new Map(), since: this.#now() };
    const { objects, removed } = this.#waiting;
    for (const ref of removals) {
      removed.set(keyOf(ref), ref);
      objects.delete(keyOf(ref));
    }
    for (const ref of upserts) {
      objects.set(keyOf(ref), ref);
      removed.delete(keyOf(ref));
    }
  }

  /** A pass sent something to some of the nodes that there are. */
  published(revision: number, sent: ReadonlySet<string>, exists: (node: string) => boolean): void {
    this.#revision = revision;
    for (const node of this.#pending) if (!exists(node)) this.#pending.delete(node);
    for (const node of sent) {
      if (!this.#pending.has(node)) this.#concerned += 1;
      this.#pending.add(node);
    }
    this.#settle();
  }

  /** A node has acknowledged all that it was sent. */
  synced(node: string): void {
    if (this.#pending.delete(node)) this.#settle();
  }

  #settle(): void {
    if (this.#pending.size > 0) return;
    const concerned = this.#concerned;
    this.#concerned = 0;
    if (this.#waiting === undefined) return;
    const { objects, removed, since } = this.#waiting;
    this.#last = {
      revision: this.#revision,
      objects: [...objects.values()],
      removed: [...removed.values()],
      sidecars: concerned,
      milliseconds: Math.round((this.#now() - since) * 10) / 10,
    };
    this.#waiting = undefined;
    this.#onApplied(this.#last);
  }
}

function keyOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind}/${namespace}/${name}`;
}

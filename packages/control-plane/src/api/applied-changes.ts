import type { ObjectRef } from '@heddle/smi';
import type { AppliedChange } from './mesh-status.ts';

/** Follows changes of the input until every sidecar that they concern has acknowledged them. */
export class AppliedChanges {
  readonly #now: () => number;
  #waiting: { readonly objects: readonly ObjectRef[]; readonly since: number } | undefined;
  #pending = new Set<string>();
  #concerned = 0;
  #revision = 0;
  #last: AppliedChange | null = null;

  /** @param now milliseconds on a clock that never goes back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The last change that is in force everywhere. */
  get last(): AppliedChange | null {
    return this.#last;
  }

  /** The sources delivered a change of these objects. */
  delivered(objects: readonly ObjectRef[]): void {
    this.#waiting = {
      objects: [...(this.#waiting?.objects ?? []), ...objects],
      since: this.#waiting?.since ?? this.#now(),
    };
  }

  /** A pass sent something to some of the nodes that there are. */
  published(revision: number, sent: ReadonlySet<string>, nodes: ReadonlySet<string>): void {
    this.#revision = revision;
    for (const node of this.#pending) if (!nodes.has(node)) this.#pending.delete(node);
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
    const { objects, since } = this.#waiting;
    this.#last = {
      revision: this.#revision,
      objects,
      sidecars: concerned,
      milliseconds: Math.round((this.#now() - since) * 10) / 10,
    };
    this.#waiting = undefined;
  }
}

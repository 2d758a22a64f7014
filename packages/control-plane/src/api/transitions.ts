import { type Condition, type ObservedCondition, settleConditions } from '@heddle/mesh';

const none: readonly Condition[] = [];

/** Remembers since when each condition of each object has its status: from when it was first seen so. */
export class Transitions {
  readonly #now: () => Date;
  #known: ReadonlyMap<string, readonly Condition[]> = new Map();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Takes the conditions of all objects that there are, by a key of each; forgets those of all others. */
  settle(observed: ReadonlyMap<string, readonly ObservedCondition[]>): ReadonlyMap<string, readonly Condition[]> {
    const now = this.#now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    this.#known = new Map(
      [...observed].map(([key, conditions]) => [key, settleConditions(conditions, this.#known.get(key) ?? none, now)]),
    );
    return this.#known;
  }
}

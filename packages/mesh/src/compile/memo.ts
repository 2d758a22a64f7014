/** Remembers one result per key for as long as its inputs are the same objects; what a pass does not ask for is dropped. */
export class Memo<Value> {
  #last = new Map<string, { inputs: readonly unknown[]; value: Value }>();
  #next = new Map<string, { inputs: readonly unknown[]; value: Value }>();

  /** The remembered result when every input is the one it was made from, else `build`'s. */
  get(key: string, inputs: readonly unknown[], build: () => Value): Value {
    const known = this.#next.get(key) ?? this.#last.get(key);
    const entry = known !== undefined && sameItems(known.inputs, inputs) ? known : { inputs, value: build() };
    this.#next.set(key, entry);
    return entry.value;
  }

  /** The result of the last pass, whatever its inputs. */
  previous(key: string): Value | undefined {
    return this.#last.get(key)?.value;
  }

  /** Ends a pass. */
  endPass(): void {
    this.#last = this.#next;
    this.#next = new Map();
  }
}

/** The memos of one compiler, whose passes end together. */
export class Memory {
  readonly #memos: Memo<unknown>[] = [];

  /** A memo of its own for one kind of unit. */
  memo<Value>(): Memo<Value> {
    const memo = new Memo<Value>();
    this.#memos.push(memo);
    return memo;
  }

  /** Ends a pass of every memo. */
  endPass(): void {
    for (const memo of this.#memos) memo.endPass();
  }
}

/** Whether two lists hold the same objects in the same order. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => item === b[index]));
}

/** The previous list when the new one holds the same objects, so that what depends on it need not be rebuilt. */
export function keepList<Item>(previous: readonly Item[] | undefined, next: readonly Item[]): readonly Item[] {
  return previous !== undefined && sameItems(previous, next) ? previous : next;
}

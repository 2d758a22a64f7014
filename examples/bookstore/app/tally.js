/** Counts what happened, by name, and remembers the last hundred in order. */
export class Tally {
  #rows = new Map();
  #recent = [];

  /** `outcome`: `done`, `refused` (somebody decided so) or `failed` (something is not working). */
  add(name, outcome = 'done') {
    const row = this.#rows.get(name) ?? { name, outcome, total: 0 };
    row.total += 1;
    this.#rows.set(name, row);
    this.#recent.push(name);
    if (this.#recent.length > 100) this.#recent.shift();
  }

  /** Whether this name has been counted, or there is room for one more: a caller can't fill the memory with names. */
  hasRoomFor(name) {
    return this.#rows.has(name) || this.#rows.size < 20;
  }

  toJSON() {
    const rows = [...this.#rows.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { rows, recent: this.#recent };
  }
}

import { type Place, type TableName, tableNames } from './place.ts';

/** Tables of one scope, by name. */
export type Tables<Entry> = Readonly<Record<TableName, ReadonlyMap<string, Entry>>>;

/** Tables of every scope. */
export type Scopes<Entry> = ReadonlyMap<string, Tables<Entry>>;

/** A scope without any entry. */
export const noTables = Object.fromEntries(tableNames.map(name => [name, new Map()])) as unknown as Tables<never>;

/** The next generation of tables: copies a scope and a table the first time that it is written, and leaves all others. */
export class Draft<Entry> {
  readonly #scopes: Map<string, Tables<Entry>>;
  /** What was copied already, and may be written. */
  readonly #own = new Map<string, Map<TableName, Map<string, Entry>>>();

  constructor(scopes: Scopes<Entry>) {
    this.#scopes = new Map(scopes);
  }

  get({ scope, table, name }: Place): Entry | undefined {
    return this.#scopes.get(scope)?.[table].get(name);
  }

  set(place: Place, entry: Entry): void {
    this.#table(place).set(place.name, entry);
  }

  delete(place: Place): void {
    if (this.get(place) !== undefined) this.#table(place).delete(place.name);
  }

  #table({ scope, table }: Place): Map<string, Entry> {
    const own = this.#own.get(scope) ?? new Map<TableName, Map<string, Entry>>();
    this.#own.set(scope, own);
    const copied = own.get(table);
    if (copied !== undefined) return copied;
    const before = this.#scopes.get(scope) ?? noTables;
    const copy = new Map<string, Entry>(before[table]);
    own.set(table, copy);
    this.#scopes.set(scope, { ...before, [table]: copy });
    return copy;
  }

  /** Every scope that has an entry. */
  finish(): Scopes<Entry> {
    for (const scope of this.#own.keys()) {
      const tables = Object.values(this.#scopes.get(scope) ?? noTables);
      if (tables.every(table => table.size === 0)) this.#scopes.delete(scope);
    }
    return this.#scopes;
  }
}

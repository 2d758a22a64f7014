import { type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
import type { Finding } from '../findings/finding.ts';
import { defaultSettings, type MeshSettings } from '../model/settings.ts';
import { type Place, placeOf, readResource, type TableName, tableNames } from './read-resource.ts';
import type { NamespaceResources, Resource, ResourceSet } from './resource-set.ts';

/** What changed since the last delivery. */
export interface ResourceDelta {
  readonly upserts: readonly SourceObject[];
  readonly removals: readonly ObjectRef[];
}

/**
 * Holds what the sources delivered. In: objects and removals. Out: an immutable set in which what did not change is the
 * same JavaScript object as before.
 *
 * The last good state of an object stays in force. A version without an error is in force as a whole. One with an error is
 * refused, and changes nothing as long as a whole version is in force. Where there never was one, what can be read of it
 * is in force, closed where in doubt (S3, T6), and so is what can be read of the next one, until one is whole: nobody has
 * to mend all of an object to mend a part. A version of which nothing can be read leaves whatever is in force.
 */
export class ResourceStore {
  #namespaces = new Map<string, NamespaceResources>();
  #settings: MeshSettings = defaultSettings;
  readonly #findings = new Map<string, readonly Finding[]>();
  #findingList: readonly Finding[] = [];
  /** Objects of which no version was whole. */
  readonly #inPart = new Set<string>();

  /** Replaces the settings of the mesh; objects that are held already stay as they were read. */
  configure(settings: MeshSettings): void {
    this.#settings = settings;
  }

  /** Takes a delivery in; kinds that the mesh has no use for are skipped. */
  apply(delta: ResourceDelta): ResourceSet {
    const draft = new Draft(this.#namespaces);
    for (const ref of delta.removals) this.#remove(draft, ref);
    for (const source of delta.upserts) this.#upsert(draft, source);
    this.#namespaces = draft.finish();
    this.#findingList = [...this.#findings.values()].flat();
    return this.current();
  }

  /** The set as it stands. */
  current(): ResourceSet {
    return { settings: this.#settings, namespaces: this.#namespaces, findings: this.#findingList };
  }

  #remove(draft: Draft, ref: ObjectRef): void {
    const place = placeOf(ref);
    if (place === undefined) return;
    this.#findings.delete(keyOf(place));
    this.#inPart.delete(keyOf(place));
    draft.delete(place);
  }

  #upsert(draft: Draft, source: SourceObject): void {
    const ref = refOf(source.object);
    const place = placeOf(ref);
    if (place === undefined) return;
    const key = keyOf(place);
    const { value, findings } = readResource(place.table, source, this.#settings);
    if (findings.length > 0) this.#findings.set(key, findings);
    else this.#findings.delete(key);
    if (findings.some(({ severity }) => severity === 'error')) {
      const isWhole = draft.has(place) && !this.#inPart.has(key);
      if (isWhole || value === undefined) return;
      this.#inPart.add(key);
    } else {
      this.#inPart.delete(key);
    }
    if (value === undefined) draft.delete(place);
    else draft.set(place, { ref, source, value });
  }
}

/** The next generation of tables: copies a table the first time that it is written. */
class Draft {
  readonly #namespaces: Map<string, NamespaceResources>;
  readonly #copied = new Map<string, Set<TableName>>();

  constructor(namespaces: ReadonlyMap<string, NamespaceResources>) {
    this.#namespaces = new Map(namespaces);
  }

  has({ namespace, table, name }: Place): boolean {
    return this.#namespaces.get(namespace)?.[table].has(name) ?? false;
  }

  set(place: Place, resource: Resource): void {
    this.#table(place).set(place.name, resource);
  }

  delete(place: Place): void {
    if (this.has(place)) this.#table(place).delete(place.name);
  }

  #table({ namespace, table }: Place): Map<string, Resource> {
    let copied = this.#copied.get(namespace);
    if (copied === undefined) {
      copied = new Set();
      this.#copied.set(namespace, copied);
      this.#namespaces.set(namespace, { ...(this.#namespaces.get(namespace) ?? emptyNamespace()) });
    }
    const tables = this.#namespaces.get(namespace) as unknown as Record<TableName, Map<string, Resource>>;
    if (!copied.has(table)) {
      copied.add(table);
      tables[table] = new Map(tables[table]);
    }
    return tables[table];
  }

  finish(): Map<string, NamespaceResources> {
    for (const namespace of this.#copied.keys()) {
      const tables = this.#namespaces.get(namespace);
      if (tables !== undefined && tableNames.every(name => tables[name].size === 0)) this.#namespaces.delete(namespace);
    }
    return this.#namespaces;
  }
}

function emptyNamespace(): NamespaceResources {
  return Object.fromEntries(tableNames.map(name => [name, new Map()])) as unknown as NamespaceResources;
}

function keyOf({ namespace, table, name }: Place): string {
  return `${table} ${namespace}/${name}`;
}

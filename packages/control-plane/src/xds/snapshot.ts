/** What a sidecar is to have, made of groups that sidecars share, and the comparison of two such states. */
import type { EncodedResource } from './encode.ts';

/** Resources that go together to any number of sidecars. The same object always has the same content. */
export interface ResourceGroup {
  readonly resources: readonly EncodedResource[];
}

/** All that one sidecar is to have. A name is in one group only, or has the same version in each. */
export interface Snapshot {
  readonly groups: readonly ResourceGroup[];
}

/** Names that are new, changed or gone, by type URL. */
export type Change = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What one sidecar is to have, by type and name. Replacing the snapshot looks into those groups only that were not in the
 * one before.
 */
export class ResourceIndex {
  #snapshot: Snapshot | undefined;
  #groups: ReadonlySet<ResourceGroup> = new Set();
  readonly #shelves = new Map<string, Shelf>();

  /** The newest snapshot; absent as long as there was none. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** The resources of a type by name: a live view, the same object at each call. */
  resources(typeUrl: string): ReadonlyMap<string, EncodedResource> {
    return this.#shelf(typeUrl).resources;
  }

  /**
   * Puts a snapshot in the place of the one before.
   * @returns what differs; nothing for a snapshot of the same groups
   * @throws Error when two groups disagree on a resource; the snapshot before stays
   */
  replace(snapshot: Snapshot): Change {
    const groups = new Set(snapshot.groups);
    const moves = this.#moves(groups);
    const change = new Map<string, Set<string>>();
    for (const [typeUrl, byName] of moves) {
      const changed = this.#shelf(typeUrl).apply(byName);
      if (changed.size > 0) change.set(typeUrl, changed);
    }
    this.#snapshot = snapshot;
    this.#groups = groups;
    return change;
  }

  /** What the groups that go and come do to each name that they have. Changes nothing yet. */
  #moves(groups: ReadonlySet<ResourceGroup>): Map<string, Map<string, Place>> {
    const moves = new Map<string, Map<string, Place>>();
    for (const group of this.#groups) {
      if (groups.has(group)) continue;
      for (const resource of group.resources) this.#place(moves, resource).holders -= 1;
    }
    for (const group of groups) {
      if (this.#groups.has(group)) continue;
      for (const resource of group.resources) {
        const place = this.#place(moves, resource);
        if (place.holders > 0 && place.resource?.version !== resource.version) {
          throw new Error(`two groups disagree on ${resource.typeUrl} "${resource.name}"`);
        }
        place.holders += 1;
        place.resource = resource;
      }
    }
    return moves;
  }

  #place(moves: Map<string, Map<string, Place>>, { typeUrl, name }: EncodedResource): Place {
    let byName = moves.get(typeUrl);
    if (byName === undefined) moves.set(typeUrl, (byName = new Map<string, Place>()));
    let place = byName.get(name);
    if (place === undefined) byName.set(name, (place = this.#shelf(typeUrl).place(name)));
    return place;
  }

  #shelf(typeUrl: string): Shelf {
    let shelf = this.#shelves.get(typeUrl);
    if (shelf === undefined) this.#shelves.set(typeUrl, (shelf = new Shelf()));
    return shelf;
  }
}

/** A name, and how many groups have it. */
interface Place {
  resource: EncodedResource | undefined;
  holders: number;
}

/** The resources of one type. */
class Shelf {
  readonly resources = new Map<string, EncodedResource>();
  /** Only of names that several groups have. */
  readonly #holders = new Map<string, number>();

  place(name: string): Place {
    const resource = this.resources.get(name);
    return { resource, holders: resource === undefined ? 0 : (this.#holders.get(name) ?? 1) };
  }

  apply(places: ReadonlyMap<string, Place>): Set<string> {
    const changed = new Set<string>();
    for (const [name, { resource, holders }] of places) {
      const before = this.resources.get(name);
      if (holders > 1) this.#holders.set(name, holders);
      else this.#holders.delete(name);
      if (holders > 0 && resource !== undefined) this.resources.set(name, resource);
      else this.resources.delete(name);
      if (before?.version !== this.resources.get(name)?.version) changed.add(name);
    }
    return changed;
  }
}

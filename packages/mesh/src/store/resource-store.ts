import { type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
import type { Finding } from '../findings/finding.ts';
import { defaultSettings, type MeshSettings } from '../model/settings.ts';
import { clusterScope, keyOf, type Place, placeOf } from './place.ts';
import { readResource } from './read-resource.ts';
import type { ClusterResources, HeldObject, NamespaceResources, Resource, ResourceSet } from './resource-set.ts';
import { Draft, noTables, type Scopes } from './tables.ts';

/** What changed since the last delivery. */
export interface ResourceDelta {
  readonly upserts: readonly SourceObject[];
  readonly removals: readonly ObjectRef[];
}

/** The next generation of what is held: for `compile` what is in force, for statuses what was delivered. */
interface Drafts {
  readonly inForce: Draft<Resource>;
  readonly held: Draft<HeldObject>;
}

/**
 * Holds what the sources delivered. In: objects and removals. Out: an immutable set in which what did not change is the
 * same JavaScript object as before.
 *
 * The last good state of an object stays in force. A version without an error is in force as a whole. One with an error is
 * refused, and changes nothing as long as a whole version is in force. Where there never was one, what can be read of it
 * is in force, closed where in doubt (S3, T6), and so is what can be read of the next one, until one is whole: nobody has
 * to mend all of an object to mend a part. A version of which nothing can be read leaves whatever is in force. Whatever
 * becomes of it, the version that was delivered last is held as well, since a status speaks of that.
 */
export class ResourceStore {
  #inForce: Scopes<Resource> = new Map();
  #held: Scopes<HeldObject> = new Map();
  #set: ResourceSet = setOf(new Map(), new Map(), defaultSettings, []);
  readonly #findings = new Map<string, readonly Finding[]>();
  /** Objects of which no version was whole. */
  readonly #inPart = new Set<string>();

  /** Replaces the settings of the mesh; objects that are held already stay as they were read. */
  configure(settings: MeshSettings): void {
    this.#set = { ...this.#set, settings };
  }

  /** Takes a delivery in; kinds that the mesh has no use for are skipped. */
  apply(delta: ResourceDelta): ResourceSet {
    const drafts: Drafts = { inForce: new Draft(this.#inForce), held: new Draft(this.#held) };
    for (const ref of removalsOf(delta)) this.#remove(drafts, ref);
    for (const source of delta.upserts) this.#upsert(drafts, source);
    this.#inForce = drafts.inForce.finish();
    this.#held = drafts.held.finish();
    this.#set = setOf(this.#inForce, this.#held, this.#set.settings, [...this.#findings.values()].flat());
    return this.#set;
  }

  /** The set as it stands. */
  current(): ResourceSet {
    return this.#set;
  }

  #remove(drafts: Drafts, ref: ObjectRef): void {
    const place = placeOf(ref);
    if (place === undefined) return;
    this.#findings.delete(keyOf(place));
    this.#inPart.delete(keyOf(place));
    drafts.inForce.delete(place);
    drafts.held.delete(place);
  }

  #upsert(drafts: Drafts, source: SourceObject): void {
    const ref = refOf(source.object);
    const place = placeOf(ref);
    if (place === undefined) return;
    this.#read(drafts.inForce, place, { ref, source });
    const inForce = drafts.inForce.get(place)?.source;
    drafts.held.set(place, { ref, latest: source, ...(inForce !== undefined && { inForce }) });
  }

  #read(inForce: Draft<Resource>, place: Place, { ref, source }: Omit<Resource, 'value'>): void {
    const key = keyOf(place);
    const { value, findings } = readResource(source, this.#set.settings);
    if (findings.length > 0) this.#findings.set(key, findings);
    else this.#findings.delete(key);
    if (findings.some(({ severity }) => severity === 'error')) {
      const isWhole = inForce.get(place) !== undefined && !this.#inPart.has(key);
      if (isWhole || value === undefined) return;
      this.#inPart.add(key);
    } else {
      this.#inPart.delete(key);
    }
    if (value === undefined) inForce.delete(place);
    else inForce.set(place, { ref, source, value });
  }
}

/** The removals of a delivery but for those of objects that it rewrites in another version: their last good state counts on. */
function removalsOf({ removals, upserts }: ResourceDelta): readonly ObjectRef[] {
  if (removals.length === 0) return removals;
  const versions = new Map(upserts.map(({ object }) => [nameOf(refOf(object)), object.apiVersion]));
  return removals.filter(ref => (versions.get(nameOf(ref)) ?? ref.apiVersion) === ref.apiVersion);
}

function nameOf(ref: ObjectRef): string {
  const place = placeOf(ref);
  return place === undefined ? '' : keyOf(place);
}

function setOf(
  inForce: Scopes<Resource>,
  held: Scopes<HeldObject>,
  settings: MeshSettings,
  findings: readonly Finding[],
): ResourceSet {
  // A table holds what `readResource` makes of its kinds.
  const namespaces = new Map(inForce) as unknown as Map<string, NamespaceResources>;
  const cluster = (inForce.get(clusterScope) ?? noTables) as unknown as ClusterResources;
  namespaces.delete(clusterScope);
  return { settings, cluster, namespaces, held, findings };
}

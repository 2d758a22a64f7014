import { kindOf, type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
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

/** How many versions of an object of policy are kept to go back to; other objects are not set aside. */
const versionsKept = 4;

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
 *
 * A version that is set aside, because what was made of it was refused further down, counts as if it had never been there:
 * the one before it is in force.
 */
export class ResourceStore {
  #inForce: Scopes<Resource> = new Map();
  #held: Scopes<HeldObject> = new Map();
  #set: ResourceSet = setOf(new Map(), new Map(), defaultSettings, []);
  readonly #findings = new Map<string, readonly Finding[]>();
  /** Objects of which no version was whole. */
  readonly #inPart = new Set<string>();
  /** What was in force of each object, the newest first, set aside or not. */
  readonly #versions = new Map<string, readonly Resource[]>();
  #setAside: ReadonlySet<SourceObject> = new Set();

  /** Replaces the settings of the mesh; objects that are held already stay as they were read. */
  configure(settings: MeshSettings): void {
    this.#set = { ...this.#set, settings };
  }

  /** Takes a delivery in; kinds that the mesh has no use for are skipped. */
  apply(delta: ResourceDelta): ResourceSet {
    return this.#change(drafts => {
      for (const ref of removalsOf(delta)) this.#remove(drafts, ref);
      for (const source of delta.upserts) this.#upsert(drafts, source);
    });
  }

  /**
   * Says which versions of objects are set aside from now on, by the objects that the sources delivered; one that no longer
   * is comes back, where no newer one has taken its place.
   */
  setAside(sources: ReadonlySet<SourceObject>): ResourceSet {
    const changed = [...sources, ...this.#setAside].filter(
      source => sources.has(source) !== this.#setAside.has(source),
    );
    this.#setAside = sources;
    if (changed.length === 0) return this.#set;
    return this.#change(drafts => {
      for (const { object } of changed) {
        const place = placeOf(refOf(object));
        if (place !== undefined) this.#putNewest(drafts, place);
      }
    });
  }

  /** The set as it stands. */
  current(): ResourceSet {
    return this.#set;
  }

  #change(write: (drafts: Drafts) => void): ResourceSet {
    const drafts: Drafts = { inForce: new Draft(this.#inForce), held: new Draft(this.#held) };
    write(drafts);
    this.#inForce = drafts.inForce.finish();
    this.#held = drafts.held.finish();
    this.#set = setOf(this.#inForce, this.#held, this.#set.settings, [...this.#findings.values()].flat());
    return this.#set;
  }

  #remove(drafts: Drafts, ref: ObjectRef): void {
    const place = placeOf(ref);
    if (place === undefined) return;
    this.#findings.delete(keyOf(place));
    this.#inPart.delete(keyOf(place));
    this.#versions.delete(keyOf(place));
    drafts.inForce.delete(place);
    drafts.held.delete(place);
  }

  #upsert(drafts: Drafts, source: SourceObject): void {
    const ref = refOf(source.object);
    const place = placeOf(ref);
    if (place === undefined) return;
    this.#read(drafts.inForce, place, { ref, source });
    drafts.held.set(place, { ref, latest: source });
    this.#putNewest(drafts, place);
  }

  /** Puts the newest version in force that is not set aside. */
  #putNewest({ inForce, held }: Drafts, place: Place): void {
    const newest = this.#versions.get(keyOf(place))?.find(({ source }) => !this.#setAside.has(source));
    if (newest === undefined) inForce.delete(place);
    else if (inForce.get(place) !== newest) inForce.set(place, newest);
    const entry = held.get(place);
    if (entry === undefined) return;
    const { ref, latest } = entry;
    held.set(place, { ref, latest, ...(newest !== undefined && { inForce: newest.source }) });
  }

  /** Notes the version if it is to be in force. */
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
    const before = kindOf(ref.apiVersion, ref.kind)?.policy ? (this.#versions.get(key) ?? []) : [];
    if (value === undefined) this.#versions.delete(key);
    else this.#versions.set(key, [{ ref, source, value }, ...before].slice(0, versionsKept));
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

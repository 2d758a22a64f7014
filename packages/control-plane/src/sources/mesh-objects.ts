import { compareFindings, defaultSettings, type Finding, findingAt, readResource, readServiceName } from '@heddle/mesh';
import { groupOf, type KubeObject, type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
import type { AddressBook } from './addresses.ts';
import { useOf } from './kinds.ts';
import { recordOf } from './record.ts';
import { isTemplatedKind } from './replicas.ts';
import { type PodCircumstances, PodMaker, templateProblem } from './workloads.ts';

/** The objects that the mesh works with, and what was wrong with those they were made from. */
export interface MeshObjectSet {
  readonly objects: readonly SourceObject[];
  readonly findings: readonly Finding[];
}

/** What changed from one set of objects to the next; removals are taken before upserts. */
export interface ObjectDelta {
  readonly upserts: readonly SourceObject[];
  readonly removals: readonly ObjectRef[];
}

/** What `MeshObjects` needs to know. */
export interface MeshObjectsOptions extends PodCircumstances {
  /** The domain that names of Services may end in; `cluster.local` unless given. */
  readonly clusterDomain?: string;
}

/**
 * Completes what manifests say to what a cluster would hold: pods for Deployments, StatefulSets, DaemonSets and
 * Jobs, addresses for Services, pods and the roots of splits (as objects of kind `AssignedAddress`). Kinds that Heddle has no use for are left out and said once
 * each. In: all objects. Out: all objects; what was made of the same objects is the same JavaScript object as before.
 */
export class MeshObjects {
  readonly #addresses: AddressBook;
  readonly #clusterDomain: string;
  readonly #pods: PodMaker;
  readonly #services = new WeakMap<SourceObject, { address: string; service: SourceObject }>();
  readonly #roots = new WeakMap<SourceObject, { address: string; root: SourceObject }>();
  /** What completed objects were written as. */
  readonly #written = new WeakMap<SourceObject, SourceObject>();
  /** The last good version of each object that stands for pods: a bad one changes nothing in force. */
  readonly #owners = new Map<string, SourceObject>();
  /** Likewise of each split: one that is refused takes no root's address. */
  readonly #splits = new Map<string, SourceObject>();
  readonly #refused = new WeakMap<SourceObject, boolean>();

  constructor(options: MeshObjectsOptions) {
    this.#addresses = options.addresses;
    this.#clusterDomain = options.clusterDomain ?? 'cluster.local';
    this.#pods = new PodMaker(options);
  }

  /** Completes a set of objects, as sources deliver them. */
  complete(sources: readonly SourceObject[]): MeshObjectSet {
    const sorted = sources.toSorted((a, b) => compare(sortKey(a.object), sortKey(b.object)));
    this.#addresses.reserve(new Set(sorted.flatMap(({ object }) => ownAddresses(object))));
    const known = sorted.filter(({ object }) => useOf(object.apiVersion, object.kind) === 'read');
    const { pods, findings } = this.#podsOf(known);
    const completed = known.map(source => this.#completed(source));
    const objects = [...completed, ...pods, ...this.#rootsOf(known)];
    return { objects, findings: [...findings, ...unusedKinds(sorted)].toSorted(compareFindings) };
  }

  /**
   * What was written of which something is in force. In: the completed objects that are. Out: what they were written as, and
   * the Deployments that pods are made from.
   */
  written(inForce: Iterable<SourceObject>): SourceObject[] {
    return [...this.#owners.values(), ...[...inForce].map(source => this.#written.get(source) ?? source)];
  }

  #completed(source: SourceObject): SourceObject {
    const completed = this.#withWhatItGets(source);
    if (completed !== source) this.#written.set(completed, source);
    return completed;
  }

  #withWhatItGets(source: SourceObject): SourceObject {
    if (isKind(source.object, '', 'Pod')) return this.#pods.pod(source);
    return isKind(source.object, '', 'Service') ? this.#service(source) : source;
  }

  #service(source: SourceObject): SourceObject {
    const { object } = source;
    const spec = recordOf(object['spec']);
    const isNamed =
      spec['type'] === 'ExternalName' || (typeof spec['clusterIP'] === 'string' && spec['clusterIP'] !== '');
    if (isNamed) return source;
    const { namespace, name } = refOf(object);
    const address = this.#addresses.service(namespace, name);
    const made = this.#services.get(source);
    if (made?.address === address) return made.service;
    const service: SourceObject = {
      object: { ...object, spec: { ...spec, clusterIP: address } },
      locate: path => source.locate?.(path),
    };
    this.#services.set(source, { address, service });
    return service;
  }

  #podsOf(known: readonly SourceObject[]): { pods: SourceObject[]; findings: Finding[] } {
    const written = known.filter(({ object }) => isKind(object, '', 'Pod'));
    const taken = new Map(written.map(source => [podKey(source.object), source]));
    const exported = new Set(written.flatMap(({ object }) => ownerOfExported(object)));
    const findings: Finding[] = [];
    const pods: SourceObject[] = [];
    const present = new Set<string>();
    for (const source of known.filter(({ object }) => isTemplated(object)).toSorted(stableNamesFirst)) {
      const key = `${source.object.kind}/${podKey(source.object)}`;
      present.add(key);
      const problem = templateProblem(source);
      if (problem === undefined) this.#owners.set(key, source);
      else findings.push(findingAt('InvalidField', source, problem.path, problem.message));
      const good = this.#owners.get(key);
      if (good === undefined || exported.has(key)) continue;
      for (const pod of this.#pods.podsOf(good)) {
        const other = taken.get(podKey(pod.object));
        if (other === undefined) {
          taken.set(podKey(pod.object), good);
          pods.push(pod);
        } else findings.push(podTaken(good, pod.object.metadata.name, other));
      }
    }
    for (const key of this.#owners.keys()) if (!present.has(key)) this.#owners.delete(key);
    return { pods, findings };
  }

  #rootsOf(known: readonly SourceObject[]): SourceObject[] {
    const named = new Set(
      known.filter(({ object }) => isKind(object, '', 'Service')).map(({ object }) => podKey(object)),
    );
    const roots: SourceObject[] = [];
    for (const split of this.#lastGoodSplits(known)) {
      const { namespace } = refOf(split.object);
      const name = this.#rootOf(split);
      if (name === undefined || named.has(`${namespace}/${name}`)) continue;
      named.add(`${namespace}/${name}`);
      roots.push(this.#root(split, { namespace, name }));
    }
    return roots;
  }

  /** Of each split the version that is in force; a split of which none was accepted, as it is. */
  #lastGoodSplits(known: readonly SourceObject[]): SourceObject[] {
    const splits = known.filter(({ object }) => isKind(object, 'split.smi-spec.io', 'TrafficSplit'));
    for (const split of splits) if (!this.#isRefused(split)) this.#splits.set(podKey(split.object), split);
    const present = new Set(splits.map(({ object }) => podKey(object)));
    for (const key of this.#splits.keys()) if (!present.has(key)) this.#splits.delete(key);
    return splits.map(split => this.#splits.get(podKey(split.object)) ?? split);
  }

  #isRefused(source: SourceObject): boolean {
    const known = this.#refused.get(source);
    if (known !== undefined) return known;
    const { findings } = readResource(source, { ...defaultSettings, clusterDomain: this.#clusterDomain });
    const refused = findings.some(({ severity }) => severity === 'error');
    this.#refused.set(source, refused);
    return refused;
  }

  /** The Service name that a split's root stands for; `undefined` for other namespaces and external hosts (S4). */
  #rootOf({ object }: SourceObject): string | undefined {
    const { service } = recordOf(object['spec']);
    if (typeof service !== 'string') return undefined;
    const { namespace } = refOf(object);
    const root = readServiceName(service, namespace, this.#clusterDomain);
    return root.kind === 'service' && root.namespace === namespace ? root.name : undefined;
  }

  #root(split: SourceObject, metadata: { namespace: string; name: string }): SourceObject {
    const address = this.#addresses.service(metadata.namespace, metadata.name);
    const made = this.#roots.get(split);
    if (made?.address === address && made.root.object.metadata.name === metadata.name) return made.root;
    const root: SourceObject = {
      object: { apiVersion: 'heddle.dev/v1alpha1', kind: 'AssignedAddress', metadata, address },
      locate: () => split.locate?.(['spec', 'service']),
    };
    this.#roots.set(split, { address, root });
    return root;
  }
}

/** What changed between two sets of objects, by identity. */
export function deltaBetween(before: readonly SourceObject[], after: readonly SourceObject[]): ObjectDelta {
  const held = new Map(before.map(source => [refKey(source.object), source]));
  const upserts: SourceObject[] = [];
  for (const source of after) {
    const key = refKey(source.object);
    if (held.get(key) !== source) upserts.push(source);
    held.delete(key);
  }
  return { upserts, removals: [...held.values()].map(({ object }) => refOf(object)) };
}

function unusedKinds(sources: readonly SourceObject[]): Finding[] {
  const byKind = new Map<string, SourceObject[]>();
  for (const source of sources) {
    const { apiVersion, kind } = source.object;
    const use = useOf(apiVersion, kind);
    if (use !== 'unknown') continue;
    const key = `${apiVersion} ${kind}`;
    byKind.set(key, [...(byKind.get(key) ?? []), source]);
  }
  return [...byKind.values()].map(([first, ...rest]) => unusedKind(first as SourceObject, rest.length + 1));
}

function unusedKind(first: SourceObject, count: number): Finding {
  const { apiVersion, kind } = first.object;
  const those =
    count === 1
      ? `One object of kind ${kind} (${apiVersion}) is`
      : `${count} objects of kind ${kind} (${apiVersion}) are`;
  return findingAt('UnknownObjectKind', first, [], `${those} left alone: Heddle has no use for this kind.`);
}

function podTaken(owner: SourceObject, name: string, other: SourceObject): Finding {
  const place = other.locate?.([]);
  const where = place === undefined ? '' : ` in ${place.file}:${place.line}`;
  const { kind } = other.object;
  const taken = kind === 'Pod' ? `is defined as a Pod of its own${where}` : `has the name of one of a ${kind}${where}`;
  const message = `Its pod ${name} ${taken}, which counts: rename one of the two.`;
  return findingAt('DuplicateObject', owner, ['metadata', 'name'], message);
}

function isTemplated(object: KubeObject): boolean {
  const { kind, apiVersion } = object;
  return isTemplatedKind(kind) && groupOf(apiVersion) === (kind === 'Job' ? 'batch' : 'apps');
}

/** Only a StatefulSet's pods are called by their names: the others make way. */
function stableNamesFirst({ object: a }: SourceObject, { object: b }: SourceObject): number {
  return Number(b.kind === 'StatefulSet') - Number(a.kind === 'StatefulSet');
}

/** Who made an exported pod: its controller, a Deployment through a ReplicaSet, whose name ends in the template's hash. */
function ownerOfExported(pod: KubeObject): string[] {
  const hash = pod.metadata.labels?.['pod-template-hash'];
  const { namespace } = refOf(pod);
  return (pod.metadata.ownerReferences ?? []).flatMap(({ kind, name }) => {
    if (kind !== 'ReplicaSet') return [`${kind}/${namespace}/${name}`];
    if (hash === undefined || !name.endsWith(`-${hash}`)) return [];
    return [`Deployment/${namespace}/${name.slice(0, -hash.length - 1)}`];
  });
}

/** Addresses that an object has by itself. */
function ownAddresses(object: KubeObject): string[] {
  const addresses: unknown[] = [];
  if (object.kind === 'Service') {
    const spec = recordOf(object['spec']);
    addresses.push(spec['clusterIP'], ...list(spec['clusterIPs']));
  } else if (object.kind === 'Pod') {
    const status = recordOf(object['status']);
    addresses.push(status['podIP'], ...list(status['podIPs']).map(item => recordOf(item)['ip']));
  } else if (object.kind === 'EndpointSlice') {
    addresses.push(...list(object['endpoints']).flatMap(endpoint => list(recordOf(endpoint)['addresses'])));
  }
  return addresses.filter(address => typeof address === 'string');
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isKind(object: KubeObject, group: string, kind: string): boolean {
  return object.kind === kind && groupOf(object.apiVersion) === group;
}

function podKey(object: KubeObject): string {
  return `${refOf(object).namespace}/${object.metadata.name}`;
}

function refKey(object: KubeObject): string {
  const { apiVersion, kind, namespace, name } = refOf(object);
  return `${apiVersion}/${kind}/${namespace}/${name}`;
}

function sortKey(object: KubeObject): string {
  const { kind, namespace, name, apiVersion } = refOf(object);
  return `${groupOf(apiVersion)}/${kind}/${namespace}/${name}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

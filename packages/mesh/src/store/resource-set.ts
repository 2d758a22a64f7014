import type {
  HTTPRouteGroup,
  IdentityBinding,
  MeshConfig,
  ObjectRef,
  ServiceProfile,
  SourceObject,
  TCPRoute,
  TrafficMetrics,
  TrafficSplit,
  TrafficTarget,
  UDPRoute,
} from '@heddle/smi';
import type { Finding } from '../findings/finding.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { AssignedAddress, EndpointsSpec } from './kubernetes/endpoints.ts';
import type { NamespaceSpec } from './kubernetes/namespace.ts';
import type { PodSpec } from './kubernetes/pod.ts';
import type { ServiceSpec } from './kubernetes/service.ts';
import { tableNames } from './place.ts';
import { noTables, type Scopes, type Tables } from './tables.ts';

/** The version of an object that is in force, read. The same content is the same JavaScript object from one set to the next. */
export interface Resource<Value = unknown> {
  readonly ref: ObjectRef;
  readonly source: SourceObject;
  readonly value: Value;
}

/** What the tables of a namespace hold. */
export interface NamespaceTables {
  readonly serviceAccounts: null;
  readonly services: ServiceSpec;
  readonly pods: PodSpec;
  readonly endpoints: readonly EndpointsSpec[];
  readonly addresses: AssignedAddress;
  readonly trafficTargets: TrafficTarget;
  readonly identityBindings: IdentityBinding;
  readonly routeGroups: HTTPRouteGroup;
  readonly tcpRoutes: TCPRoute;
  readonly udpRoutes: UDPRoute;
  readonly serviceProfiles: ServiceProfile;
  readonly trafficSplits: TrafficSplit;
  readonly trafficMetrics: TrafficMetrics;
}

/** What the tables of the cluster hold: objects without a namespace. */
export interface ClusterTables {
  readonly namespaces: NamespaceSpec;
  /** At most one: no other name than `mesh` is accepted. */
  readonly meshConfigs: MeshConfig;
}

/** The objects in force of one namespace by kind and name. A table that did not change is the same JavaScript object. */
export type NamespaceResources = {
  readonly [Name in keyof NamespaceTables]: ReadonlyMap<string, Resource<NamespaceTables[Name]>>;
};

/** The objects in force that have no namespace, by kind and name. */
export type ClusterResources = {
  readonly [Name in keyof ClusterTables]: ReadonlyMap<string, Resource<ClusterTables[Name]>>;
};

/** An object that the sources have: what a status speaks of. */
export interface HeldObject {
  readonly ref: ObjectRef;
  /** The version that was delivered last, accepted or not. */
  readonly latest: SourceObject;
  /** The version in force: an older one where the latest was refused; absent where nothing of any version is. */
  readonly inForce?: SourceObject;
}

/** Everything known at one moment, immutable: what `compile` takes. */
export interface ResourceSet {
  readonly settings: MeshSettings;
  /** What is in force without a namespace. */
  readonly cluster: ClusterResources;
  /** What is in force in each namespace that has anything in force. */
  readonly namespaces: ReadonlyMap<string, NamespaceResources>;
  /** Every object that the sources have, refused ones included, by scope, table and name; nothing of it is compiled. */
  readonly held: Scopes<HeldObject>;
  /** What was wrong with single objects as they were read, refused ones included. */
  readonly findings: readonly Finding[];
}

/** Every object that the sources have, as it was delivered last, and what of it is in force. */
export function* heldObjects({ held }: Pick<ResourceSet, 'held'>): Generator<HeldObject> {
  for (const tables of held.values()) for (const table of Object.values(tables)) yield* table.values();
}

/** An object that two sets hold differently. */
export interface HeldChange {
  readonly ref: ObjectRef;
  /** As the second holds it; absent where it has it no more. */
  readonly held?: HeldObject;
}

/** What differs from one set to the next; looks only at tables that changed. */
export function* heldChanges(before: Scopes<HeldObject>, now: Scopes<HeldObject>): Generator<HeldChange> {
  for (const [scope, tables] of before) if (!now.has(scope)) yield* tableChanges(tables, noTables);
  for (const [scope, tables] of now) yield* tableChanges(before.get(scope) ?? noTables, tables);
}

function* tableChanges(before: Tables<HeldObject>, now: Tables<HeldObject>): Generator<HeldChange> {
  for (const name of tableNames) {
    if (before[name] === now[name]) continue;
    for (const [key, { ref }] of before[name]) if (!now[name].has(key)) yield { ref };
    for (const [key, held] of now[name]) if (before[name].get(key) !== held) yield { ref: held.ref, held };
  }
}

import type {
  HTTPRouteGroup,
  ObjectRef,
  SourceObject,
  TCPRoute,
  TrafficSplit,
  TrafficTarget,
  UDPRoute,
} from '@heddle/smi';
import type { Finding } from '../findings/finding.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { AssignedAddress, EndpointsSpec, PodSpec, ServiceSpec } from './kubernetes.ts';

/** One object, read. The same content is the same JavaScript object from one set to the next. */
export interface Resource<Value = unknown> {
  readonly ref: ObjectRef;
  readonly source: SourceObject;
  readonly value: Value;
}

/** What each table of a namespace holds. */
export interface Tables {
  readonly namespaces: null;
  readonly serviceAccounts: null;
  readonly services: ServiceSpec;
  readonly pods: PodSpec;
  readonly endpoints: readonly EndpointsSpec[];
  readonly addresses: AssignedAddress;
  readonly trafficTargets: TrafficTarget;
  readonly routeGroups: HTTPRouteGroup;
  readonly tcpRoutes: TCPRoute;
  readonly udpRoutes: UDPRoute;
  readonly trafficSplits: TrafficSplit;
}

/** The objects of one namespace by kind and name. A table that did not change is the same JavaScript object. */
export type NamespaceResources = {
  readonly [Name in keyof Tables]: ReadonlyMap<string, Resource<Tables[Name]>>;
};

/** Everything known at one moment, immutable: what `compile` takes. */
export interface ResourceSet {
  readonly settings: MeshSettings;
  readonly namespaces: ReadonlyMap<string, NamespaceResources>;
  /** What was wrong with single objects as they were read, refused ones included. */
  readonly findings: readonly Finding[];
}

/** Every object of a set, as it was delivered. */
export function* sourcesOf(set: ResourceSet): Generator<SourceObject> {
  for (const tables of set.namespaces.values()) {
    for (const table of Object.values(tables)) for (const { source } of table.values()) yield source;
  }
}

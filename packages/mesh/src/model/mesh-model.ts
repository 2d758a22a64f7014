import { compareFindings, type Finding } from '../findings/finding.ts';
import type { Modes } from './modes.ts';
import type { ResourceOrigin } from './origin.ts';
import type { RouteProfile } from './route-profile.ts';
import type { Service } from './service.ts';
import type { MeshSettings } from './settings.ts';
import type { SplitRoot } from './split.ts';
import type { ResolvedTarget } from './target.ts';
import type { Workload } from './workload.ts';

/**
 * The mesh as policy makes it: immutable, complete. Backends, `decide`, `explain` and `analyze` read this and nothing
 * else. A namespace, service or workload that did not change is the same JavaScript object from one model to the next.
 */
export interface MeshModel {
  readonly settings: MeshSettings;
  /** The MeshConfig that says so; absent where there is none. */
  readonly settingsOrigin?: ResourceOrigin;
  readonly namespaces: ReadonlyMap<string, NamespaceModel>;
  /** What was wrong with single objects as they were read. */
  readonly inputFindings: readonly Finding[];
}

/** What there is in one namespace. */
export interface NamespaceModel {
  readonly name: string;
  /** What holds for its workloads that say nothing of their own (I4). */
  readonly modes: Modes;
  /** By name. */
  readonly services: ReadonlyMap<string, Service>;
  /** By name. */
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly serviceAccounts: ReadonlySet<string>;
  /** Service accounts all of whose pods are without a sidecar, with the names of these: they call in plain text (I2). */
  readonly outsiders: ReadonlyMap<string, readonly string[]>;
  /** TrafficTargets by name; what they open on the ports of each workload follows from them. */
  readonly targets: ReadonlyMap<string, ResolvedTarget>;
  /** TrafficSplits by the name of their root; the routes of its ports follow from them. */
  readonly splits: ReadonlyMap<string, SplitRoot>;
  /** Its ServiceProfiles by key of the Service that each is for, in whatever namespace that is. */
  readonly profiles: ReadonlyMap<string, RouteProfile>;
  readonly findings: readonly Finding[];
}

/** The parts of a key, `namespace/name`. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Looks a service up by its key, `namespace/name`. */
export function serviceOf(model: MeshModel, key: string): Service | undefined {
  const { namespace, name } = splitKey(key);
  return model.namespaces.get(namespace)?.services.get(name);
}

/** Looks a workload up by its key, `namespace/name`. */
export function workloadOf(model: MeshModel, key: string): Workload | undefined {
  const { namespace, name } = splitKey(key);
  return model.namespaces.get(namespace)?.workloads.get(name);
}

/** Every finding, in an order that does not depend on the order of the input. */
export function findingsOf(model: MeshModel): Finding[] {
  const all = [...model.inputFindings];
  for (const namespace of model.namespaces.values()) all.push(...namespace.findings);
  return all.toSorted(compareFindings);
}

/** The SPIFFE ID of a service account (I1). */
export function spiffeId(trustDomain: string, namespace: string, serviceAccount: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

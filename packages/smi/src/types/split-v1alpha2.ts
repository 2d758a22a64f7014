// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.
import type { KubeObject, ObjectMeta, ObjectStatus } from '../object.ts';

/** Shares the traffic of one root service between backends. */
export interface TrafficSplit extends KubeObject {
  readonly apiVersion: 'split.smi-spec.io/v1alpha2';
  readonly kind: 'TrafficSplit';
  readonly metadata: ObjectMeta;
  /** Which traffic is shared, between whom. */
  readonly spec: TrafficSplitSpec;
  readonly status?: ObjectStatus;
}

/** Which traffic is shared, between whom. */
export interface TrafficSplitSpec {
  /** The root: short name, `name.ns` or FQDN, of the split’s own namespace (S4). */
  readonly service: string;
  /** Services of the split’s namespace, and their weights (S5). */
  readonly backends: readonly TrafficSplitBackend[];
  /** Route groups whose requests are split; absent or empty: all requests (S10). */
  readonly matches?: readonly SplitMatchReference[];
}

/** A Service of the split’s namespace, and its weight (S5). */
export interface TrafficSplitBackend {
  /** The name of the Service. */
  readonly service: string;
  /** Whole and not negative; relative to the sum of all (S1). */
  readonly weight: number;
}

/** A route group whose requests a split is for. */
export interface SplitMatchReference {
  /** Absent, null, or `specs.smi-spec.io` with or without a version are alike (V2). */
  readonly apiGroup?: string | null;
  /** `HTTPRouteGroup`. */
  readonly kind: string;
  /** The name of the route group, which is in the split’s namespace. */
  readonly name: string;
}

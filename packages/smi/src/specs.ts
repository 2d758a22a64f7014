import type { KubeObject, ObjectMeta } from './object.ts';

/** Named kinds of HTTP requests, for TrafficTargets and TrafficSplits to refer to. */
export interface HTTPRouteGroup extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha4';
  readonly kind: 'HTTPRouteGroup';
  readonly metadata: ObjectMeta;
  readonly spec: { readonly matches: readonly HTTPMatch[] };
}

/** One kind of request: every field that is written must match. */
export interface HTTPMatch {
  readonly name: string;
  /** RE2; must match the whole path without its query (T6). Absent or empty: any path. */
  readonly pathRegex?: string;
  /** `*` or absent: any method (T7). */
  readonly methods?: readonly string[];
  /** Header name to RE2, as a map or as a list of maps; the written form is kept (V5). */
  readonly headers?: Readonly<Record<string, string>> | readonly Readonly<Record<string, string>>[];
}

/** Ports that carry bytes of no further meaning, for TrafficTargets to refer to. */
export interface TCPRoute extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha4';
  readonly kind: 'TCPRoute';
  readonly metadata: ObjectMeta;
  readonly spec: PortRouteSpec;
}

/** Like TCPRoute, for datagrams. Validated and explained, not carried (T14). */
export interface UDPRoute extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha4';
  readonly kind: 'UDPRoute';
  readonly metadata: ObjectMeta;
  readonly spec: PortRouteSpec;
}

/** The ports that a TCPRoute or UDPRoute stands for. */
export interface PortRouteSpec {
  readonly matches?: {
    readonly name?: string;
    /** Ports of the pod; absent or empty: all (T8). */
    readonly ports?: readonly number[];
  };
}

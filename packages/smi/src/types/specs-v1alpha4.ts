// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.
import type { KubeObject, ObjectMeta, ObjectStatus } from '../object.ts';

/** Named kinds of HTTP requests, for TrafficTargets and TrafficSplits to refer to. */
export interface HTTPRouteGroup extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha4';
  readonly kind: 'HTTPRouteGroup';
  readonly metadata: ObjectMeta;
  /** The entries of a route group. */
  readonly spec: HTTPRouteGroupSpec;
  readonly status?: ObjectStatus;
}

/** The entries of a route group. */
export interface HTTPRouteGroupSpec {
  /** The entries of the group. */
  readonly matches: readonly HTTPMatch[];
}

/** One kind of request: every field that is written must match. */
export interface HTTPMatch {
  /** What TrafficTargets name it by; unique within the group. */
  readonly name: string;
  /** RE2; must match the whole path without its query (T6). Absent or empty: any path. */
  readonly pathRegex?: string;
  /** `*` or absent: any method (T7). */
  readonly methods?: readonly string[];
  /**
   * Header name to RE2, as a map or as a list of maps; the written form is kept (V5). Every one must match its whole
   * header (T7).
   */
  readonly headers?: Readonly<Record<string, string>> | readonly Readonly<Record<string, string>>[];
}

/** Ports that carry bytes of no further meaning, for TrafficTargets to refer to. */
export interface TCPRoute extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha4';
  readonly kind: 'TCPRoute';
  readonly metadata: ObjectMeta;
  /** The ports that a TCPRoute or UDPRoute stands for. */
  readonly spec: PortRouteSpec;
  readonly status?: ObjectStatus;
}

/** The ports that a TCPRoute or UDPRoute stands for. */
export interface PortRouteSpec {
  /** Some ports only. */
  readonly matches?: PortRouteMatches;
}

/** Some ports only. */
export interface PortRouteMatches {
  /** For the reader; nothing refers to it. */
  readonly name?: string;
  /** Ports of the pod; absent or empty: all (T8). */
  readonly ports?: readonly number[];
}

/** Like TCPRoute, for datagrams. Validated and explained, not carried (T14). */
export interface UDPRoute extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha4';
  readonly kind: 'UDPRoute';
  readonly metadata: ObjectMeta;
  /** The ports that a TCPRoute or UDPRoute stands for. */
  readonly spec: PortRouteSpec;
  readonly status?: ObjectStatus;
}

/**
 * The routes of one Service, whose fully qualified name is the object’s. Not in the SMI specification: Heddle’s own
 * (V6).
 */
export interface ServiceProfile extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha4';
  readonly kind: 'ServiceProfile';
  readonly metadata: ObjectMeta;
  /** The routes of a Service. */
  readonly spec: ServiceProfileSpec;
  readonly status?: ObjectStatus;
}

/** The routes of a Service. */
export interface ServiceProfileSpec {
  /** Tried in this order. */
  readonly routes: readonly ServiceProfileRoute[];
}

/** Requests of one kind, and how they are treated; the first that fits counts. */
export interface ServiceProfileRoute {
  /** What metrics and `heddle explain` call it; unique within the profile. */
  readonly name: string;
  /** RE2; must match the whole path without its query (T6). Absent or empty: any path. */
  readonly pathRegex?: string;
  /** `*` or absent: any method (T7). */
  readonly methods?: readonly string[];
  /** How long a request may take in all; absent: without bound. Written as `1.5s`, `300ms`, `1m30s`. */
  readonly timeout?: string;
  /** How often a request is sent again, if its method is idempotent; a budget bounds all together. */
  readonly retries?: RouteRetries;
  /** Statuses that count as failures; absent: 500 to 599. */
  readonly failureStatus?: readonly StatusRange[];
}

/** How often a request is sent again, if its method is idempotent; a budget bounds all together. */
export interface RouteRetries {
  /** Tries after the first one. */
  readonly attempts: number;
  /** How long one try may take; absent: as long as all of them. Written as `1.5s`, `300ms`, `1m30s`. */
  readonly perTryTimeout?: string;
  /**
   * After what; absent: what never reached the backend, and 503, with `perTryTimeout` also 502, 504 and a try that took
   * too long. Statuses of gRPC have its requests sent again, though their method is POST.
   */
  readonly retryOn?: readonly string[];
}

/** HTTP statuses from one to another, both included. */
export interface StatusRange {
  /** The first of them. */
  readonly min: number;
  /** The last of them. */
  readonly max: number;
}

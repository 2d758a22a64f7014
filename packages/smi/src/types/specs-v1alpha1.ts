// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.
import type { KubeObject, ObjectMeta, ObjectStatus } from '../object.ts';

/** Named kinds of HTTP requests, for TrafficTargets and TrafficSplits to refer to. */
export interface HTTPRouteGroup extends KubeObject {
  readonly apiVersion: 'specs.smi-spec.io/v1alpha1';
  readonly kind: 'HTTPRouteGroup';
  readonly metadata: ObjectMeta;
  /** The entries of the group. */
  readonly matches: readonly HTTPMatch[];
  readonly status?: ObjectStatus;
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
  readonly apiVersion: 'specs.smi-spec.io/v1alpha1';
  readonly kind: 'TCPRoute';
  readonly metadata: ObjectMeta;
  /** The ports that a TCPRoute or UDPRoute stands for. */
  readonly spec?: PortRouteSpec;
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

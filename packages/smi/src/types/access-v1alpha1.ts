// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.
import type { KubeObject, ObjectMeta, ObjectStatus } from '../object.ts';

/** Who may call what: the sources may send what the rules name to the destination. Everything else stays closed. */
export interface TrafficTarget extends KubeObject {
  readonly apiVersion: 'access.smi-spec.io/v1alpha1';
  readonly kind: 'TrafficTarget';
  readonly metadata: ObjectMeta;
  /** Whose pods a TrafficTarget opens, and on which port. */
  readonly destination: TrafficTargetDestination;
  /** Identities that are let in; at least one (T2). */
  readonly sources: readonly IdentityReference[];
  /** What they may send; at least one (T2). */
  readonly specs: readonly TrafficTargetRule[];
  readonly status?: ObjectStatus;
}

/** Whose pods a TrafficTarget opens, and on which port. */
export interface TrafficTargetDestination {
  /** Absent: core for `ServiceAccount`, `access.smi-spec.io` for `IdentityBinding` (V1). */
  readonly group?: string;
  /** `ServiceAccount`, or `IdentityBinding` from v1alpha4 on. */
  readonly kind: string;
  /** The name of the identity. */
  readonly name: string;
  /** Absent: the namespace of the TrafficTarget; no other is allowed (T3). */
  readonly namespace?: string;
  /**
   * Bounds the target to this port of the pod (T10). In the specification up to v1alpha2 only; Heddle keeps it in every
   * version, so that no replace loses it.
   */
  readonly port?: number;
}

/** A ServiceAccount or an IdentityBinding. */
export interface IdentityReference {
  /** Absent: core for `ServiceAccount`, `access.smi-spec.io` for `IdentityBinding` (V1). */
  readonly group?: string;
  /** `ServiceAccount`, or `IdentityBinding` from v1alpha4 on. */
  readonly kind: string;
  /** The name of the identity. */
  readonly name: string;
  /** Absent: the namespace of the TrafficTarget (T3). */
  readonly namespace?: string;
  /** Ignored (V1). */
  readonly port?: number;
}

/** Names a route object of the TrafficTarget’s namespace, and entries of it. */
export interface TrafficTargetRule {
  /** `HTTPRouteGroup`, `TCPRoute`, or `UDPRoute` from v1alpha3 on. */
  readonly kind: string;
  /** The name of the route object. */
  readonly name: string;
  /** Names of entries; absent or empty means all of them (T4). */
  readonly matches?: readonly string[];
}

import type { KubeObject, ObjectMeta } from './object.ts';

/** Who may call what: the sources may send what the rules name to the destination. Everything else stays closed. */
export interface TrafficTarget extends KubeObject {
  readonly apiVersion: 'access.smi-spec.io/v1alpha4';
  readonly kind: 'TrafficTarget';
  readonly metadata: ObjectMeta;
  readonly spec: TrafficTargetSpec;
}

/** Whom a TrafficTarget lets send what to whom. */
export interface TrafficTargetSpec {
  readonly destination: TrafficTargetDestination;
  /** Identities that are let in; at least one (T2). */
  readonly sources: readonly IdentityReference[];
  /** What they may send; at least one (T2). */
  readonly rules: readonly TrafficTargetRule[];
}

/** A ServiceAccount or an IdentityBinding. */
export interface IdentityReference {
  /** Absent: core for `ServiceAccount`, `access.smi-spec.io` for `IdentityBinding` (V1). */
  readonly group?: string;
  readonly kind: string;
  readonly name: string;
  /** Absent: the namespace of the TrafficTarget (T3). */
  readonly namespace?: string;
}

/** Whose pods a TrafficTarget opens, and on which port. */
export interface TrafficTargetDestination extends IdentityReference {
  /** Bounds the target to this port of the pod (T10). */
  readonly port?: number;
}

/** Names a route object of the TrafficTarget's namespace, and entries of it. */
export interface TrafficTargetRule {
  readonly kind: string;
  readonly name: string;
  /** Names of entries; absent or empty means all of them (T4). */
  readonly matches?: readonly string[];
}

import type { Origin } from '../model/origin.ts';

/** Someone's call, before it is known what becomes of it. */
export interface Call {
  readonly from: Caller;
  readonly to: CallTarget;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  /** As on the wire. Ignored for TCP, as are path and headers. */
  readonly method: string;
  /** With its query, not normalised. */
  readonly path: string;
  /** In order, repeated ones kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Whom someone calls. */
export interface CallTarget {
  readonly namespace: string;
  readonly service: string;
  /** One pod of a headless Service, by its own name there; absent: whichever the Service's name leads to. */
  readonly pod?: string;
  readonly port: number;
}

/** The host name of whom someone calls, as any namespace may write it. */
export function hostOf({ pod, service, namespace }: Omit<CallTarget, 'port'>): string {
  return pod === undefined ? `${service}.${namespace}` : `${pod}.${service}.${namespace}.svc`;
}

/** A workload's identity. */
export interface Caller {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** One pod of it; absent: any. */
  readonly pod?: string;
}

/** Why a call ends as it does, in one word. */
export type VerdictReason =
  | 'Allowed'
  | 'NoTrafficTarget'
  | 'NoMatchingRule'
  | 'MalformedRequest'
  | 'UpgradeRefused'
  | 'NoBackends'
  | 'NoEndpoints'
  | 'ServiceNotFound'
  | 'PortNotFound'
  | 'OutsideMesh'
  | 'PlainTextRefused'
  | 'PolicyAudit'
  | 'PolicyAllowAll'
  | 'EgressDenied';

/** What becomes of a call, and who decided. */
export interface Verdict {
  readonly allowed: boolean;
  /** Whether TrafficTargets would deny what is let through, since policy is `audit` (I3). */
  readonly wouldDeny: boolean;
  /** What the caller sees from the mesh; 200 stands for whatever the application answers; null for TCP. */
  readonly status: 200 | 400 | 403 | 503 | null;
  readonly reason: VerdictReason;
  /** One sentence. */
  readonly message: string;
  readonly decidedBy: Origin;
  /** Name of the ServiceProfile's route that the request takes; null where none is for it (V6). */
  readonly route: string | null;
  readonly backends: readonly BackendShare[];
  readonly mtls: 'strict' | 'permissive' | 'none';
  /** Rules that nearly let the call pass, nearest first; empty when they let it pass. */
  readonly nearMisses: readonly NearMiss[];
  /** How it came to that, in the order of the call's way. */
  readonly trace: readonly Step[];
}

/** A backend, and its share of the calls. */
export interface BackendShare {
  readonly service: string;
  readonly namespace: string;
  readonly port: number;
  /** 0 to 1. */
  readonly share: number;
}

/** A rule that did not match, and what kept it from matching. */
export interface NearMiss {
  readonly origin: Origin;
  /** What keeps it from matching. */
  readonly why: string;
}

/** One thing that happened to a call on its way, and what made it happen. */
export interface Step {
  readonly text: string;
  readonly origin?: Origin;
}

/** The answer when pods of one name are under different policies, so that no single verdict is true. */
export class DependsOnPod extends Error {
  override readonly name = 'DependsOnPod';
}

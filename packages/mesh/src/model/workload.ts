import type { SourceObject } from '@heddle/smi';
import { canGrant, type HttpRouteMatch } from './http-route-match.ts';
import type { Modes, PolicyMode } from './modes.ts';
import type { ResourceOrigin } from './origin.ts';
import type { Protocol } from './service.ts';

/** Pods that are alike to the mesh: one owner, one service account, selected by the same Services. They share one configuration. */
export interface Workload {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly serviceAccount: string;
  /** `spiffe://<trust domain>/ns/<namespace>/sa/<service account>` (I1). */
  readonly identity: string;
  /** What all its pods have in common, but for marks of a single pod or of one version of its template. */
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: readonly Pod[];
  /** What holds for it: its own annotations, else its namespace's, else the mesh's (I4). */
  readonly modes: Modes;
  /** Ports that a Service opens on it, by number; every other one is closed (T9). */
  readonly ports: readonly InboundPort[];
  /** Keys of the Services that policy lets it reach, sorted. */
  readonly reaches: readonly string[];
}

/** One replica of a workload. */
export interface Pod {
  readonly name: string;
  readonly address: string | undefined;
  readonly ready: boolean;
  readonly source: SourceObject;
}

/** A port that others may call, if policy lets them. */
export interface InboundPort {
  /** Of the pod, not of a Service (T8). */
  readonly number: number;
  readonly protocol: Protocol;
  readonly policy: InboundPolicy;
}

/** Who may send what to one port. A request passes when any authorization lets it (T1), or where policy is not enforced (I3). */
export interface InboundPolicy {
  readonly mode: PolicyMode;
  /** Whether plain text gets in. It has no identity, so that takes a port where policy is not enforced (I2). */
  readonly plainText: boolean;
  readonly authorizations: readonly Authorization[];
}

/** One TrafficTarget as one port sees it; kept even when it opens nothing there, so that it can be explained. */
export interface Authorization {
  readonly target: ResourceOrigin;
  readonly principals: readonly Principal[];
  /** Requests that it opens; an empty list opens none. */
  readonly http: 'all' | readonly RouteGrant[];
  /** Whether it opens the port as bare TCP. */
  readonly tcp: boolean;
  /** The rules that opened it as a whole, when `http` is `all` or `tcp` holds. */
  readonly portRule?: ResourceOrigin;
  /** What of it has no effect on this port, and why. */
  readonly gaps: readonly Gap[];
}

/** One entry of a route group as a rule of a TrafficTarget opens it. */
export interface RouteGrant {
  readonly match: HttpRouteMatch;
  /** The rule that names it. */
  readonly rule: ResourceOrigin;
}

/** A caller that a TrafficTarget names. */
export interface Principal {
  /** SPIFFE ID. */
  readonly identity: string;
  /** Absent for a SPIFFE ID that is not written as the mesh writes them. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  /** Where alone it may call from: the addresses of the pods that a selector picks, sorted. Absent: anywhere (T11). */
  readonly addresses?: readonly string[];
  /** The IdentityBinding by which it is meant; absent where the TrafficTarget names it. */
  readonly binding?: ResourceOrigin;
  readonly origin: ResourceOrigin;
}

/** A part of a TrafficTarget that opens nothing on a port. */
export interface Gap {
  readonly origin: ResourceOrigin;
  readonly why: string;
}

/** Whether any entry in force restricts methods: headers that override the method are then kept from the application (T7). */
export function restrictsMethods({ mode, authorizations }: InboundPolicy): boolean {
  if (mode !== 'enforce') return false;
  return authorizations.some(
    ({ http }) => http !== 'all' && http.some(({ match }) => match.methods !== undefined && canGrant(match)),
  );
}

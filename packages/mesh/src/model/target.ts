import type { ResourceOrigin } from './origin.ts';
import type { Gap, Principal, RouteGrant } from './workload.ts';

/** A TrafficTarget with its references followed, whether or not anybody runs as its destination yet. */
export interface ResolvedTarget {
  readonly name: string;
  readonly origin: ResourceOrigin;
  /** Whose pods it opens; absent where what it names stands for no pod. */
  readonly destination?: TargetDestination;
  readonly principals: readonly Principal[];
  /** Entries of the HTTPRouteGroups that it names, in order. */
  readonly entries: readonly RouteGrant[];
  readonly tcpRules: readonly TcpRule[];
  /** Whether TCPRoutes only bound what HTTP rules open, since a rule of another kind stands beside them (T8). */
  readonly boundsOnly: boolean;
  /** Whether every rule is a TCPRoute, as detected ports ask for (T8). */
  readonly tcpOnly: boolean;
  /** What of it opens nothing on any port, and why. */
  readonly gaps: readonly Gap[];
}

/** The pods of its own namespace that a TrafficTarget opens: those of the accounts, and those that the selector picks. */
export interface TargetDestination {
  readonly accounts: readonly DestinationAccount[];
  /** Labels of pods, all of which one must have; empty: every pod (T11). Absent: no pod is picked by its labels. */
  readonly selector?: Readonly<Record<string, string>>;
  /** Bounds the target to this port of the pods (T10). */
  readonly port?: number;
}

/** A service account whose pods are opened. */
export interface DestinationAccount {
  readonly name: string;
  /** SPIFFE ID. */
  readonly identity: string;
}

/** A TCPRoute as a rule names it. */
export interface TcpRule {
  readonly origin: ResourceOrigin;
  /** Of the pod; `none` for a route that does not exist. */
  readonly ports: 'all' | readonly number[] | 'none';
}

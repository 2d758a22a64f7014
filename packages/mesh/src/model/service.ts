import type { HttpRouteMatch } from './http-route-match.ts';
import type { Origin } from './origin.ts';

/**
 * What a port speaks. `http` may be HTTP/1.1 or HTTP/2; `detect` is found out per connection and counts as HTTP where
 * policy is concerned (T8, H2).
 */
export type Protocol = 'http' | 'tcp' | 'detect' | 'udp';

/** A name that workloads call: a Kubernetes Service, or the root of a TrafficSplit that has none (S7). */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`. */
  readonly key: string;
  /** Addresses that clients connect to; empty while none is known. */
  readonly addresses: readonly string[];
  /** Has no address of its own: its name stands for its pods' addresses, and clients connect to these and to the pods' ports (H1). */
  readonly headless: boolean;
  /** There is no Service object, only a TrafficSplit that names it as its root. */
  readonly logical: boolean;
  /** Labels of the pods behind it; absent for one without a selector, and for a logical root. */
  readonly selector?: Readonly<Record<string, string>>;
  /** Whether any workload behind it has a sidecar; policy applies to no other (H6). */
  readonly inMesh: boolean;
  /** Whether the front door shows it to people outside the mesh (`heddle.dev/expose`). */
  readonly exposed: boolean;
  readonly ports: readonly ServicePort[];
  /** SPIFFE IDs that some TrafficTarget lets reach it, sorted; `anyone` where policy does not bind. */
  readonly callers: 'anyone' | readonly string[];
  readonly origin: Origin;
}

/** Services of the cluster itself, which stay reachable whatever `egress` says: its API and its DNS (H6). */
export function isClusterService({ namespace, name }: Pick<Service, 'namespace' | 'name'>): boolean {
  return (namespace === 'default' && name === 'kubernetes') || (namespace === 'kube-system' && name === 'kube-dns');
}

/** One port of a Service: who serves it, and how its calls are shared. */
export interface ServicePort {
  readonly number: number;
  /** Empty when the port has no name. */
  readonly name: string;
  /** The port of its pods, by number or by the name of a container's port; absent for a logical root, which has none. */
  readonly targetPort?: number | string;
  readonly protocol: Protocol;
  /** The Service's own endpoints, whatever a split says. */
  readonly endpoints: readonly Endpoint[];
  /** SPIFFE IDs of those endpoints, sorted: who a client accepts as the server (I1). */
  readonly identities: readonly string[];
  readonly outbound: OutboundPolicy;
}

/** An address and port where a Service is served. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly ready: boolean;
  /** Its own name under that of a headless Service; absent for a pod that has none there. */
  readonly hostname?: string;
  /** Key of the workload behind it; absent for an address that is no pod of the mesh. */
  readonly workload?: string;
}

/** How clients share the requests of one port: the first route that matches decides (S11). */
export interface OutboundPolicy {
  readonly routes: readonly OutboundRoute[];
}

/** Which calls go to which backends. */
export interface OutboundRoute {
  /** Absent: every request. */
  readonly match?: HttpRouteMatch;
  /** Weights are reduced, their sum is 1 to 4294967295. Empty: requests get 503. */
  readonly backends: readonly WeightedBackend[];
  readonly origin: Origin;
}

/** A Service whose own endpoints serve a share of the calls. */
export interface WeightedBackend {
  /** Key of the Service whose own endpoints get this share. */
  readonly service: string;
  readonly port: number;
  readonly weight: number;
}

/** The share of each backend, 0 to 1. */
export function shareOf(backend: WeightedBackend, route: OutboundRoute): number {
  let sum = 0;
  for (const { weight } of route.backends) sum += weight;
  return sum === 0 ? 0 : backend.weight / sum;
}

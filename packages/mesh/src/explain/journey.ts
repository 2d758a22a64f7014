import type { RequestFacts } from '../model/http-route-match.ts';
import { type MeshModel, serviceOf, workloadOf } from '../model/mesh-model.ts';
import type { Origin } from '../model/origin.ts';
import type { ServicePort, WeightedBackend } from '../model/service.ts';
import type { InboundPort, Workload } from '../model/workload.ts';
import type { Knock } from './authorize.ts';
import { nearMisses } from './near-misses.ts';
import { passedOn } from './request-facts.ts';
import type { BackendShare, Call, Caller, Step, Verdict } from './verdict.ts';

/** What a call has become so far, on its way. */
export interface Journey {
  readonly model: MeshModel;
  readonly call: Call;
  /** `undefined` for a caller without a sidecar, whose calls are plain text. */
  readonly identity: string | undefined;
  /** Of the pods that may be calling. */
  readonly addresses: readonly string[];
  /** `undefined` for a connection of bytes. */
  readonly request: RequestFacts | undefined;
  readonly trace: Step[];
  /** Pods that the client itself has chosen: the only ones that serve the own share of a headless Service. */
  readonly at?: { readonly backend: string; readonly addresses: ReadonlySet<string> };
  /** What the profile in force calls the request; absent as long as that plays no part. */
  readonly route?: string;
}

/** The call as it reaches a destination. */
export function knockOf({ identity, addresses, request }: Journey): Knock {
  return { identity, addresses, request: request && passedOn(request) };
}

/** Addresses of the pods that may be calling: the one that is named, else all of the account. */
export function addressesOf(
  { namespaces }: MeshModel,
  { namespace, serviceAccount, pod: named }: Caller,
): readonly string[] {
  const workloads = [...(namespaces.get(namespace)?.workloads.values() ?? [])];
  const pods = workloads.flatMap(workload => (workload.serviceAccount === serviceAccount ? workload.pods : []));
  return pods.flatMap(({ name, address }) => (named === undefined || name === named ? (address ?? []) : []));
}

/** A port of a workload behind a backend. */
export interface Inbound {
  readonly workload: Workload;
  readonly port: InboundPort;
  readonly ready: boolean;
}

/** The ports of workloads that serve a backend; ready where any replica is. */
export function inboundsOf({ model, at }: Journey, backend: WeightedBackend): Inbound[] {
  const endpoints =
    serviceOf(model, backend.service)?.ports.find(({ number }) => number === backend.port)?.endpoints ?? [];
  const found = new Map<string, Inbound>();
  for (const { workload: key, port: number, ready, address } of endpoints) {
    if (at?.backend === backend.service && !at.addresses.has(address)) continue;
    const workload = key === undefined ? undefined : workloadOf(model, key);
    const port = workload?.ports.find(candidate => candidate.number === number);
    if (workload === undefined || port === undefined) continue;
    const id = `${workload.key}:${number}`;
    found.set(id, { workload, port, ready: ready || (found.get(id)?.ready ?? false) });
  }
  return [...found.values()];
}

/** The ports of workloads that any route of a Service's port leads to. */
export function inboundsBehind(journey: Journey, port: ServicePort): Inbound[] {
  return port.outbound.routes.flatMap(({ backends }) => backends.flatMap(backend => inboundsOf(journey, backend)));
}

/** Why a call gets through. */
export interface Passage extends Pick<Verdict, 'reason' | 'decidedBy' | 'message' | 'mtls'> {
  /** Those that may have answered; default none. */
  readonly backends?: readonly BackendShare[];
  /** Where TrafficTargets would have denied it; absent: nowhere. */
  readonly wouldDenyAt?: readonly Inbound[];
}

/** The end of a journey that got through. */
export function allow(journey: Journey, { wouldDenyAt, backends = [], ...found }: Passage): Verdict {
  const { request, trace, route } = journey;
  return {
    allowed: true,
    wouldDeny: wouldDenyAt !== undefined,
    status: request === undefined ? null : 200,
    route: route ?? null,
    backends,
    ...found,
    nearMisses: nearMisses(
      (wouldDenyAt ?? []).map(({ port }) => port),
      knockOf(journey),
    ),
    trace,
  };
}

/** Why a call does not get through. */
export interface Refusal extends Pick<Verdict, 'reason' | 'message'> {
  /** Default: 403 for a request, null for bytes. */
  readonly status?: Verdict['status'];
  readonly decidedBy: Origin;
  /** Where rules may nearly have let it in; default none. */
  readonly inbounds?: readonly Inbound[];
  /** Default none. */
  readonly backends?: readonly BackendShare[];
}

/** The end of a journey that did not get through. */
export function refuse(journey: Journey, refusal: Refusal): Verdict {
  const { reason, message, decidedBy, status = statusOf(journey, 403), inbounds = [], backends = [] } = refusal;
  const ports = inbounds.map(({ port }) => port);
  return {
    allowed: false,
    wouldDeny: false,
    status,
    reason,
    message,
    decidedBy,
    route: journey.route ?? null,
    backends,
    mtls: 'strict',
    nearMisses: nearMisses(ports, knockOf(journey)),
    trace: journey.trace,
  };
}

/** The status of a request; bytes see none. */
export function statusOf({ request }: Journey, status: 403 | 503): 403 | 503 | null {
  return request === undefined ? null : status;
}

import { type MeshModel, workloadOf } from '../model/mesh-model.ts';
import type { Endpoint, Service } from '../model/service.ts';
import type { InboundPort, Workload } from '../model/workload.ts';
import { authorize } from './authorize.ts';
import { allow, type Journey, knockOf, refuse } from './journey.ts';
import { looksLikeHttp } from './looks-like-http.ts';
import type { Place } from './places.ts';
import type { Unfit } from './request-headers.ts';
import { refuseUnfit } from './unfit.ts';
import { type Caller, DependsOnPod, type Verdict } from './verdict.ts';

/** Whether every pod of the caller's account is without a sidecar, so that its calls are plain text and have no identity. */
export function callsInPlainText({ namespaces }: MeshModel, { namespace, serviceAccount }: Caller): boolean {
  return namespaces.get(namespace)?.outsiders.has(serviceAccount) ?? false;
}

/**
 * What becomes of a call in plain text: nothing on the caller's side has a say, no split applies (S12), and a pod of the mesh
 * takes it only where its mode does (I2). Throws `DependsOnPod` where pods behind the name answer differently.
 */
export function decidePlainText(
  start: Journey,
  service: Service,
  places: readonly (Place | undefined)[],
  unfit: Unfit | undefined,
): Verdict {
  const journey: Journey = { ...start, identity: undefined, addresses: [] };
  journey.trace.push({ text: `No pod of the caller has a sidecar: it calls in plain text, without an identity.` });
  const verdicts = places.flatMap(place =>
    place === undefined ? [portless(journey, service)] : verdictsAt(journey, place, unfit),
  );
  const [first, ...others] = verdicts;
  if (first === undefined) {
    const message = `${service.key} has no ready endpoint on port ${journey.call.to.port}.`;
    return refuse(journey, { status: null, reason: 'NoEndpoints', decidedBy: { default: 'NoEndpoints' }, message });
  }
  if (others.some(({ allowed, status }) => allowed !== first.allowed || status !== first.status)) {
    throw new DependsOnPod(`The answer depends on the pod behind ${service.key} that is called. Ask for one of them.`);
  }
  return verdicts.find(({ wouldDeny }) => wouldDeny) ?? first;
}

function portless(journey: Journey, { key }: Service): Verdict {
  const message = `${key} has no TCP port ${journey.call.to.port}.`;
  return refuse(journey, { status: null, reason: 'PortNotFound', decidedBy: { default: 'PortNotFound' }, message });
}

function verdictsAt(journey: Journey, { service, port, at }: Place, unfit: Unfit | undefined): Verdict[] {
  const { namespace, name } = service;
  const backends = [{ service: name, namespace, port: port.number, share: 1 }];
  const ready = port.endpoints.filter(endpoint => endpoint.ready && (at?.addresses.has(endpoint.address) ?? true));
  return ready.map(endpoint => plainTextAt(journey, { service, endpoint, backends }, unfit));
}

/** A pod that plain text reaches. */
export interface PlainArrival {
  readonly service: Service;
  readonly endpoint: Pick<Endpoint, 'port' | 'workload'>;
  readonly backends: Verdict['backends'];
}

/** What one pod makes of plain text. */
export function plainTextAt(start: Journey, arrival: PlainArrival, unfit: Unfit | undefined): Verdict {
  const { service, endpoint, backends } = arrival;
  const journey: Journey = { ...start, identity: undefined, addresses: [], trace: [...start.trace] };
  const workload = endpoint.workload === undefined ? undefined : workloadOf(journey.model, endpoint.workload);
  const inbound = workload?.ports.find(({ number }) => number === endpoint.port);
  if (workload === undefined || inbound === undefined) {
    const message = `The pod of ${service.key} is outside the mesh as well, so TrafficTargets do not apply.`;
    return allow(journey, {
      reason: 'OutsideMesh',
      decidedBy: { default: 'OutsideMesh' },
      message,
      mtls: 'none',
      backends,
    });
  }
  if (!inbound.policy.plainText) return refusePlainText(journey, workload, inbound);
  const asBytes = inbound.protocol === 'tcp' || (inbound.protocol === 'detect' && !looksLikeHttp(journey.call));
  if (unfit !== undefined && !asBytes) return refuseUnfit(journey, unfit);
  const arrived: Journey = asBytes ? { ...journey, request: undefined } : journey;
  const { request } = arrived;
  if (request === undefined && inbound.protocol === 'http') {
    const message = `Port ${inbound.number} of ${workload.key} speaks HTTP: its sidecar closes what is no request.`;
    return refuse(arrived, { reason: 'MalformedRequest', decidedBy: { default: 'WellFormedRequests' }, message });
  }
  if (request !== undefined && request.path === undefined) {
    const message = `${request.method} * has no path, so no rule can open it.`;
    return refuse(arrived, { reason: 'NoMatchingRule', decidedBy: { default: 'DenyByDefault' }, message });
  }
  const verdict = authorize(inbound, workload, knockOf(arrived));
  if (verdict.kind === 'denied') throw new Error('plain text gets in where policy is enforced');
  const { origin: decidedBy, message, wouldDeny } = verdict;
  arrived.trace.push({ text: message });
  return allow(arrived, {
    reason: 'default' in decidedBy ? decidedBy.default : 'Allowed',
    decidedBy,
    message,
    mtls: 'none',
    backends,
    ...(wouldDeny && { wouldDenyAt: [{ workload, port: inbound, ready: true }] }),
  });
}

function refusePlainText(journey: Journey, { key, modes }: Workload, { number }: InboundPort): Verdict {
  const why =
    modes.mtls === 'strict'
      ? 'its mtls is strict'
      : 'its mtls is permissive, but its policy is enforce, and no TrafficTarget can let in what has no identity';
  const message = `${key} closes plain text on port ${number}: ${why}.`;
  journey.trace.push({ text: message });
  return refuse(journey, {
    status: null,
    reason: 'PlainTextRefused',
    decidedBy: { default: 'PlainTextRefused' },
    message,
  });
}

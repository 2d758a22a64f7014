import { mismatch, type RequestFacts } from '../model/http-route-match.ts';
import { type MeshModel, serviceOf, spiffeId, workloadOf } from '../model/mesh-model.ts';
import type { Origin } from '../model/origin.ts';
import { type OutboundRoute, type Service, type ServicePort, shareOf, type WeightedBackend } from '../model/service.ts';
import type { InboundPort, Workload } from '../model/workload.ts';
import { authorize, type InboundVerdict, type Knock } from './authorize.ts';
import { nearMisses } from './near-misses.ts';
import { passedOn, requestFacts } from './request-facts.ts';
import { type BackendShare, type Call, DependsOnPod, type Step, type Verdict, type VerdictReason } from './verdict.ts';

/** What a call has become so far, on its way. */
interface Journey {
  readonly model: MeshModel;
  readonly call: Call;
  readonly identity: string;
  /** `undefined` for a connection of bytes. */
  readonly request: RequestFacts | undefined;
  readonly trace: Step[];
}

/**
 * What becomes of one call: the client's sidecar checks that the request is well-formed, whether policy lets the caller
 * know the Service, and which backends get which share; each backend's own sidecar then decides by identity, port and
 * route. In: the model and a call. Out: the verdict with its trace. It must not know Envoy. Throws `DependsOnPod` when
 * pods behind one backend are under different policies.
 */
export function decide(model: MeshModel, call: Call): Verdict {
  const identity = spiffeId(model.settings.trustDomain, call.from.namespace, call.from.serviceAccount);
  const facts = call.protocol === 'tcp' ? undefined : requestFacts(call);
  const journey: Journey = {
    model,
    call,
    identity,
    request: facts !== undefined && 'malformed' in facts ? undefined : facts,
    trace: [],
  };
  const key = `${call.to.namespace}/${call.to.service}`;
  const service = serviceOf(model, key);
  journey.trace.push({
    text: `${call.from.namespace}/${call.from.serviceAccount} calls ${key} on port ${call.to.port}.`,
  });
  if (service === undefined) {
    return refuse(journey, null, 'ServiceNotFound', { default: 'ServiceNotFound' }, `There is no Service ${key}.`);
  }
  if (!service.inMesh) {
    return allow(journey, {
      reason: 'OutsideMesh',
      origin: { default: 'OutsideMesh' },
      message: `No pod behind ${key} is in the mesh, so TrafficTargets do not apply.`,
      backends: [],
      mtls: 'none',
    });
  }
  const port = service.ports.find(candidate => candidate.number === call.to.port);
  if (facts !== undefined && 'malformed' in facts && port?.protocol !== 'tcp') {
    return refuse(
      journey,
      400,
      'MalformedRequest',
      { default: 'WellFormedRequests' },
      `The request is refused: ${facts.malformed}.`,
    );
  }
  if (port === undefined || port.protocol === 'udp') {
    const known = service.ports.flatMap(({ number, protocol }) => (protocol === 'udp' ? [] : [number])).join(', ');
    return refuse(
      journey,
      denied(journey),
      'PortNotFound',
      { default: 'PortNotFound' },
      `${key} has no TCP port ${call.to.port}; it has ${known || 'none'}.`,
    );
  }
  const asTcp = port.protocol === 'tcp' ? { ...journey, request: undefined } : journey;
  return decideOnPort(asTcp, service, port);
}

function decideOnPort(journey: Journey, service: Service, port: ServicePort): Verdict {
  const { request, identity } = journey;
  if (request?.path === undefined && request !== undefined) {
    return refuse(
      journey,
      403,
      'NoMatchingRule',
      { default: 'DenyByDefault' },
      `${request.method} * has no path, so no rule can open it.`,
    );
  }
  if (service.callers !== 'anyone' && !service.callers.includes(identity)) {
    journey.trace.push({
      text: `No TrafficTarget lets ${identity} reach any port of ${service.key}: the caller’s own sidecar refuses.`,
    });
    return refuse(
      journey,
      denied(journey),
      'NoTrafficTarget',
      { default: 'DenyByDefault' },
      `No TrafficTarget lets ${identity} call ${service.key}.`,
      inboundsBehind(journey, port),
    );
  }
  if (request === undefined && port.protocol === 'http') {
    return refuse(
      journey,
      null,
      'MalformedRequest',
      { default: 'WellFormedRequests' },
      `Port ${port.number} of ${service.key} speaks HTTP: the caller’s own sidecar closes what is no request.`,
    );
  }
  const route = port.outbound.routes.find(
    ({ match }) => match === undefined || (request !== undefined && mismatch(match, request) === undefined),
  );
  const shares = (route?.backends ?? []).filter(({ weight }) => weight > 0);
  if (route === undefined || shares.length === 0) {
    return refuse(
      journey,
      unavailable(journey),
      'NoBackends',
      route?.origin ?? { default: 'NoEndpoints' },
      `${service.key} has no backend with a share on port ${port.number}.`,
    );
  }
  journey.trace.push({ text: describeRoute(service, route), origin: route.origin });
  return combine(journey, route, shares);
}

/** A verdict on a split is `allowed` when every backend with a share allows (S13). */
function combine(journey: Journey, route: OutboundRoute, shares: readonly WeightedBackend[]): Verdict {
  const outcomes = shares.map(backend => ({ backend, outcome: decideBackend(journey, backend) }));
  const refused =
    outcomes.find(({ outcome }) => outcome.kind === 'denied') ??
    outcomes.find(({ outcome }) => outcome.kind === 'unavailable');
  const backends = route.backends.map(backend => viewShare(backend, route));
  if (refused === undefined) {
    const [first] = outcomes;
    const outcome = first?.outcome;
    if (outcome?.kind !== 'allowed') throw new Error('a route with shares has an outcome for each');
    return allow(journey, {
      reason: 'Allowed',
      origin: outcome.origin,
      message: outcome.message,
      backends,
      mtls: 'strict',
    });
  }
  const { backend, outcome } = refused;
  if (outcome.kind === 'unavailable') {
    return refuse(
      { ...journey },
      unavailable(journey),
      'NoEndpoints',
      { default: 'NoEndpoints' },
      outcome.message,
      [],
      backends,
    );
  }
  const reason = outcome.kind === 'denied' && outcome.knowsCaller ? 'NoMatchingRule' : 'NoTrafficTarget';
  return refuse(
    journey,
    denied(journey),
    reason,
    { default: 'DenyByDefault' },
    outcome.message,
    inboundsOf(journey, backend),
    backends,
  );
}

type Outcome = InboundVerdict | { readonly kind: 'unavailable'; readonly message: string };

function decideBackend(journey: Journey, backend: WeightedBackend): Outcome {
  if (speaksAnother(journey, backend)) {
    const { service, port } = backend;
    return unavailableAt(journey, `Port ${port} of ${service} speaks another protocol than what is sent to it.`);
  }
  const inbounds = inboundsOf(journey, backend).filter(({ ready }) => ready);
  const knock = knockOf(journey);
  const verdicts = inbounds.map(({ workload, port }) => authorize(port, workload, knock));
  const [first, ...rest] = verdicts;
  if (first === undefined) {
    return unavailableAt(journey, `${backend.service} has no ready endpoint on port ${backend.port}.`);
  }
  if (rest.some(({ kind }) => kind !== first.kind)) {
    const [open, closed] = [
      verdicts.findIndex(({ kind }) => kind === 'allowed'),
      verdicts.findIndex(({ kind }) => kind === 'denied'),
    ];
    throw new DependsOnPod(
      `The answer depends on the pod behind ${backend.service}: ${inbounds[open]?.workload.key} allows the call, ${inbounds[closed]?.workload.key} denies it. Ask for a Service that only one of them serves.`,
    );
  }
  journey.trace.push({ text: first.message, ...(first.kind === 'allowed' && { origin: first.origin }) });
  return first;
}

function unavailableAt({ trace }: Journey, message: string): Outcome {
  trace.push({ text: message });
  return { kind: 'unavailable', message };
}

/** A port of bare bytes takes no requests, and one of requests no bare bytes (S6). */
function speaksAnother({ model, request }: Journey, backend: WeightedBackend): boolean {
  const port = serviceOf(model, backend.service)?.ports.find(({ number }) => number === backend.port);
  return port?.protocol === (request === undefined ? 'http' : 'tcp');
}

/** The call as it reaches a destination. */
function knockOf({ identity, request }: Journey): Knock {
  return { identity, request: request && passedOn(request) };
}

/** A port of a workload behind a backend. */
interface Inbound {
  readonly workload: Workload;
  readonly port: InboundPort;
  readonly ready: boolean;
}

function inboundsOf({ model }: Journey, backend: WeightedBackend): Inbound[] {
  const endpoints =
    serviceOf(model, backend.service)?.ports.find(({ number }) => number === backend.port)?.endpoints ?? [];
  const found = new Map<string, Inbound>();
  for (const { workload: key, port: number, ready } of endpoints) {
    const workload = key === undefined ? undefined : workloadOf(model, key);
    const port = workload?.ports.find(candidate => candidate.number === number);
    if (workload === undefined || port === undefined) continue;
    const id = `${workload.key}:${number}`;
    found.set(id, { workload, port, ready: ready || (found.get(id)?.ready ?? false) });
  }
  return [...found.values()];
}

function inboundsBehind(journey: Journey, port: ServicePort): Inbound[] {
  return port.outbound.routes.flatMap(({ backends }) => backends.flatMap(backend => inboundsOf(journey, backend)));
}

function allow(
  journey: Journey,
  verdict: {
    reason: VerdictReason;
    origin: Origin;
    message: string;
    backends: readonly BackendShare[];
    mtls: Verdict['mtls'];
  },
): Verdict {
  const { reason, origin, message, backends, mtls } = verdict;
  return {
    allowed: true,
    wouldDeny: false,
    status: journey.request === undefined ? null : 200,
    reason,
    message,
    decidedBy: origin,
    backends,
    mtls,
    nearMisses: [],
    trace: journey.trace,
  };
}

// oxlint-disable-next-line max-params -- a refusal is made from what its caller just found, in reading order
function refuse(
  journey: Journey,
  status: Verdict['status'],
  reason: VerdictReason,
  decidedBy: Origin,
  message: string,
  inbounds: readonly Inbound[] = [],
  backends: readonly BackendShare[] = [],
): Verdict {
  const near = nearMisses(
    inbounds.map(({ port }) => port),
    knockOf(journey),
  );
  return {
    allowed: false,
    wouldDeny: false,
    status,
    reason,
    message,
    decidedBy,
    backends,
    mtls: 'strict',
    nearMisses: near,
    trace: journey.trace,
  };
}

function denied({ request }: Journey): 403 | null {
  return request === undefined ? null : 403;
}

function unavailable({ request }: Journey): 503 | null {
  return request === undefined ? null : 503;
}

function viewShare(backend: WeightedBackend, route: OutboundRoute): BackendShare {
  const slash = backend.service.indexOf('/');
  return {
    service: backend.service.slice(slash + 1),
    namespace: backend.service.slice(0, slash),
    port: backend.port,
    share: shareOf(backend, route),
  };
}

function describeRoute(service: Service, route: OutboundRoute): string {
  if ('default' in route.origin) return `No TrafficSplit applies: ${service.key} itself serves.`;
  const shares = route.backends.map(
    backend => `${Number((shareOf(backend, route) * 100).toFixed(2))} % to ${backend.service}`,
  );
  return `A TrafficSplit shares the requests${route.match === undefined ? '' : ` that match ${route.match.name}`}: ${shares.join(', ')}.`;
}

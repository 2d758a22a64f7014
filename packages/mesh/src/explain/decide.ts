import { isSpelling, methodOverrideHeaders, mismatch } from '../model/http-route-match.ts';
import { type MeshModel, serviceOf, spiffeId, workloadOf } from '../model/mesh-model.ts';
import type { DefaultName, DefaultOrigin } from '../model/origin.ts';
import { profileFor, routeFor } from '../model/route-profile.ts';
import {
  isClusterService,
  type OutboundRoute,
  type Service,
  type ServicePort,
  shareOf,
  type WeightedBackend,
} from '../model/service.ts';
import { restrictsMethods } from '../model/workload.ts';
import { type Admission, authorize, type InboundVerdict, type Knock } from './authorize.ts';
import { egressOf } from './callers.ts';
import { describeTreatment } from './describe-treatment.ts';
import {
  addressesOf,
  allow,
  type Inbound,
  inboundsBehind,
  inboundsOf,
  type Journey,
  knockOf,
  refuse,
  statusOf,
} from './journey.ts';
import { looksLikeHttp } from './looks-like-http.ts';
import { hasAddress, type Place, placesOf, podsWithoutListener } from './places.ts';
import { callsInPlainText, decidePlainText, plainTextAt } from './plain-text.ts';
import { requestFacts } from './request-facts.ts';
import type { Unfit } from './request-headers.ts';
import { refuseUnfit } from './unfit.ts';
import { type BackendShare, type Call, DependsOnPod, type Step, type Verdict } from './verdict.ts';

/**
 * What becomes of one call: the client's sidecar checks that the request is well-formed, whether policy lets the caller
 * know the Service, and which backends get which share; each backend's own sidecar then decides by identity, port and
 * route. In: the model and a call. Out: the verdict with its trace. It must not know Envoy. Throws `DependsOnPod` when
 * pods behind one backend, or those that may be calling, are under different policies.
 */
export function decide(model: MeshModel, call: Call): Verdict {
  const { from, to } = call;
  const key = `${to.namespace}/${to.service}`;
  const read = call.protocol === 'tcp' ? undefined : requestFacts(call);
  const unfit = read !== undefined && 'unfit' in read ? read : undefined;
  const identity = spiffeId(model.settings.trustDomain, from.namespace, from.serviceAccount);
  const journey: Journey = {
    model,
    call,
    identity,
    addresses: addressesOf(model, from),
    request: read !== undefined && 'unfit' in read ? undefined : read,
    trace: [{ text: `${from.namespace}/${from.serviceAccount} calls ${key} on port ${to.port}.` }],
  };
  const service = serviceOf(model, key);
  if (service === undefined) {
    const message = `There is no Service ${key}.`;
    return refuse(journey, { status: null, reason: 'ServiceNotFound', decidedBy: by('ServiceNotFound'), message });
  }
  if (!hasAddress(service, to)) return refuseNameless(journey, service);
  const places = placesOf(model, service, to);
  if (callsInPlainText(model, from)) return decidePlainText(journey, service, places, unfit);
  const isKnown = places.some(place => place !== undefined) || service.addresses.length === 0;
  if (!service.inMesh && isKnown) return leaveMesh(journey, service, unfit);
  const verdicts = places.flatMap(place =>
    place === undefined ? withoutPort(journey, service, unfit) : decideAt(journey, place, unfit),
  );
  const [first, ...others] = verdicts as [Verdict, ...Verdict[]];
  if (others.some(({ allowed, status }) => allowed !== first.allowed || status !== first.status))
    throw new DependsOnPod(`The answer depends on the pod of ${key} that is called. Ask for one of them.`);
  return verdicts.find(({ wouldDeny }) => wouldDeny) ?? first;
}

function decideAt(start: Journey, place: Place, unfit: Unfit | undefined): Verdict {
  const { port, at } = place;
  const journey: Journey = { ...start, trace: [...start.trace], ...(at !== undefined && { at }) };
  const { identity = '' } = journey;
  const hidden = place.knownBy.every(({ callers }) => callers !== 'anyone' && !callers.includes(identity));
  const asBytes = port.protocol === 'tcp' || (port.protocol === 'detect' && !looksLikeHttp(journey.call));
  if (unfit !== undefined && (!asBytes || hidden)) return refuseUnfit(journey, unfit);
  if (hidden) return refuseHidden(journey, place.service, port);
  return decideOnPort(asBytes ? { ...journey, request: undefined } : journey, place.service, port);
}

function refuseNameless(journey: Journey, { key }: Service): Verdict {
  const { pod } = journey.call.to;
  const message = `${key} has no ready pod${pod === undefined ? '' : ` named ${pod}`}, so the name stands for no address.`;
  return refuse(journey, { status: null, reason: 'NoEndpoints', decidedBy: by('NoEndpoints'), message });
}

function by(name: DefaultName): DefaultOrigin {
  return { default: name };
}

function withoutPort(journey: Journey, service: Service, unfit: Unfit | undefined): readonly Verdict[] {
  const { key, headless } = service;
  const ports = service.ports.filter(({ protocol }) => protocol !== 'udp');
  const numbers = ports.flatMap(({ number, endpoints }) => (headless ? endpoints.map(({ port }) => port) : number));
  const known = [...new Set(numbers)].join(', ') || 'none';
  const { port } = journey.call.to;
  const reason = 'PortNotFound';
  const decidedBy = by(reason);
  if (headless) {
    const message = `Clients of ${key}, which is headless, connect to its pods: these have no TCP port ${port}, but ${known}.`;
    if (egressOf(journey) === 'deny')
      return [unfit === undefined ? refuse(journey, { reason, decidedBy, message }) : refuseUnfit(journey, unfit)];
    // Nothing on the caller's side speaks for the other ports of a pod: there the call arrives in plain text.
    return podsWithoutListener(journey.model, service, journey.call.to).map(pod => {
      const known = pod.workload === undefined ? undefined : workloadOf(journey.model, pod.workload);
      const takesIt = known?.ports.some(({ number, policy }) => number === port && policy.plainText);
      if (!takesIt) return refuse(journey, { status: null, reason, decidedBy, message });
      return plainTextAt(journey, { service, endpoint: { ...pod, port }, backends: [] }, unfit);
    });
  }
  if (unfit !== undefined) return [refuseUnfit(journey, unfit)];
  return [refuse(journey, { reason, decidedBy, message: `${key} has no TCP port ${port}; it has ${known}.` })];
}

/** A Service outside the mesh gets the call as it is, if any gets out (H4, H6). */
function leaveMesh(journey: Journey, service: Service, unfit: Unfit | undefined): Verdict {
  const outside = `No pod behind ${service.key} is in the mesh`;
  if (egressOf(journey) === 'allow' || isClusterService(service)) {
    const served = service.ports.find(({ number }) => number === journey.call.to.port)?.endpoints;
    if (served?.some(({ ready }) => ready) === false) {
      const message = `${outside}, and none is ready on port ${journey.call.to.port}.`;
      return refuse(journey, { status: null, reason: 'NoEndpoints', decidedBy: by('NoEndpoints'), message });
    }
    const message = `${outside}, so TrafficTargets do not apply.`;
    return allow(journey, { reason: 'OutsideMesh', decidedBy: by('OutsideMesh'), message, mtls: 'none' });
  }
  if (unfit !== undefined) return refuseUnfit(journey, unfit);
  const message = `${outside}, and calls that leave the mesh are denied.`;
  return refuse(journey, { reason: 'EgressDenied', decidedBy: by('EgressDenied'), message });
}

/** The caller's own sidecar refuses, and speaks HTTP whatever the port does: it knows nothing of a hidden Service (H6). */
function refuseHidden(journey: Journey, { key }: Service, port: ServicePort): Verdict {
  const { identity, trace } = journey;
  trace.push({
    text: `No TrafficTarget lets ${identity} reach any port of ${key}: the caller’s own sidecar refuses.`,
  });
  return refuse(journey, {
    reason: 'NoTrafficTarget',
    decidedBy: by('DenyByDefault'),
    message: `No TrafficTarget lets ${identity} call ${key}.`,
    inbounds: inboundsBehind(journey, port),
  });
}

function decideOnPort(journey: Journey, service: Service, port: ServicePort): Verdict {
  const { request } = journey;
  if (request?.path === undefined && request !== undefined) {
    const message = `${request.method} * has no path, so no rule can open it.`;
    return refuse(journey, { reason: 'NoMatchingRule', decidedBy: by('DenyByDefault'), message });
  }
  if (request === undefined && port.protocol === 'http') {
    const message = `Port ${port.number} of ${service.key} speaks HTTP: the caller’s own sidecar closes what is no request.`;
    return refuse(journey, { reason: 'MalformedRequest', decidedBy: by('WellFormedRequests'), message });
  }
  const route = port.outbound.routes.find(
    ({ match }) => match === undefined || (request !== undefined && mismatch(match, request) === undefined),
  );
  const shares = (route?.backends ?? []).filter(({ weight }) => weight > 0);
  if (route === undefined || shares.length === 0) {
    const message = `${service.key} has no backend with a share on port ${port.number}.`;
    const decidedBy = route?.origin ?? by('NoEndpoints');
    return refuse(journey, { status: statusOf(journey, 503), reason: 'NoBackends', decidedBy, message });
  }
  journey.trace.push({ text: describeRoute(service, route), origin: route.origin });
  return combine(takeRoute(journey, service), route, shares);
}

/** The caller's sidecar names the request and bounds it by the profile that its namespace uses (V6). */
function takeRoute(journey: Journey, { key }: Service): Journey {
  const { request, model, call, trace } = journey;
  if (request === undefined) return journey;
  const profile = profileFor(model, key, call.from.namespace);
  const route = routeFor(profile, request);
  if (profile === undefined || route === undefined) return journey;
  trace.push({ text: describeTreatment(profile, route, request), origin: route.origin });
  return { ...journey, route: route.name };
}

/** A verdict on a split is `allowed` when every backend with a share allows (S13). */
function combine(journey: Journey, route: OutboundRoute, shares: readonly WeightedBackend[]): Verdict {
  const outcomes = shares.map(backend => ({ backend, outcome: decideBackend(journey, backend) }));
  const refused =
    outcomes.find(({ outcome }) => outcome.kind === 'denied') ??
    outcomes.find(({ outcome }) => outcome.kind === 'unavailable');
  const backends = route.backends.map(backend => viewShare(backend, route));
  if (refused === undefined) {
    const outcome = outcomes[0]?.outcome;
    if (outcome?.kind !== 'allowed') throw new Error('a route with shares has an outcome for each');
    const audited = outcomes.find(({ outcome: its }) => its.kind === 'allowed' && its.wouldDeny);
    const wouldDenyAt = audited && inboundsOf(journey, audited.backend);
    const admission = audited?.outcome.kind === 'allowed' ? audited.outcome : outcome;
    const mtls = mtlsOf(journey, shares);
    return allow(journey, { ...whyAllowed(admission), backends, mtls, ...(wouldDenyAt && { wouldDenyAt }) });
  }
  const { backend, outcome } = refused;
  const { message } = outcome;
  if (outcome.kind === 'unavailable') {
    const status = statusOf(journey, 503);
    return refuse(journey, { status, reason: 'NoEndpoints', decidedBy: by('NoEndpoints'), message, backends });
  }
  const reason = outcome.kind === 'denied' && outcome.knowsCaller ? 'NoMatchingRule' : 'NoTrafficTarget';
  const inbounds = inboundsOf(journey, backend);
  return refuse(journey, { reason, decidedBy: by('DenyByDefault'), message, inbounds, backends });
}

function whyAllowed({ origin: decidedBy, message }: Admission): Pick<Verdict, 'reason' | 'decidedBy' | 'message'> {
  return { reason: 'default' in decidedBy ? decidedBy.default : 'Allowed', decidedBy, message };
}

/** Whether every port that may be reached takes mutual TLS alone. */
function mtlsOf(journey: Journey, backends: readonly WeightedBackend[]): Verdict['mtls'] {
  const workloads = backends.flatMap(backend => inboundsOf(journey, backend).map(({ workload }) => workload));
  return workloads.some(({ modes }) => modes.mtls === 'permissive') ? 'permissive' : 'strict';
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
  // Of pods that let it in, one that would not is the more telling.
  const told = verdicts.find(verdict => verdict.kind === 'allowed' && verdict.wouldDeny) ?? first;
  journey.trace.push({ text: told.message, ...(told.kind === 'allowed' && { origin: told.origin }) });
  if (told.kind === 'allowed') journey.trace.push(...removals(knock, inbounds));
  return told;
}

/** Headers that the application does not get (T7). */
function removals({ request }: Knock, inbounds: readonly Inbound[]): Step[] {
  const removing = inbounds.find(({ port }) => restrictsMethods(port.policy));
  if (request === undefined || removing === undefined) return [];
  const { workload, port } = removing;
  return [...request.headers.keys()]
    .filter(name => methodOverrideHeaders.some(header => isSpelling(header, name)))
    .map(name => ({
      text: `${name} is removed: rules restrict the methods of port ${port.number} of ${workload.key}.`,
    }));
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

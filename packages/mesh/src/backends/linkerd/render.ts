import type { Origin } from '../../model/origin.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { inOrder, type RenderManifests } from '../manifest.ts';
import { serviceRoutes } from '../routes/service-routes.ts';
import { Shortfalls } from '../shortfalls.ts';
import { sayConsumerProfiles } from '../treated-routes.ts';
import { isPortable } from './portable-regex.ts';
import { serverPolicies } from './server-policies.ts';

/**
 * The model for Linkerd. In: the model. Out: routes of the Gateway API with Services as parents for TrafficSplits, and
 * Servers, HTTPRoutes and AuthorizationPolicies of `policy.linkerd.io` for TrafficTargets. It must not know files or
 * clusters.
 */
export const renderLinkerd: RenderManifests = model => {
  const shortfalls = new Shortfalls();
  const dialect = { model, target: 'Linkerd', takesRegex: isPortable, shortfalls };
  const outbound = { ...dialect, leftOut: 'the entry is left out, and what it fits goes to the next that does' };
  const inbound = { ...dialect, leftOut: 'what the entry opens stays closed' };
  sayConsumerProfiles(dialect);
  const manifests = [...model.namespaces.values()].flatMap(namespace => [
    ...[...namespace.services.values()].flatMap(service => serviceRoutes(withoutSkipped(service), outbound)),
    ...serverPolicies(namespace, inbound),
  ]);
  return { output: inOrder(manifests), findings: shortfalls.list() };
};

/** By this annotation Linkerd's own reader of TrafficSplits leaves one alone (https://github.com/linkerd/linkerd-smi). */
const skip = 'smi.linkerd.io/skip';

function withoutSkipped(service: Service): Service {
  if (!service.ports.some(hasSkipped)) return service;
  return { ...service, ports: service.ports.map(port => portWithoutSkipped(service, port)) };
}

function hasSkipped({ outbound }: ServicePort): boolean {
  return outbound.routes.some(({ origin }) => asksToSkip(origin));
}

function portWithoutSkipped({ key, logical }: Service, port: ServicePort): ServicePort {
  const routes = port.outbound.routes.filter(({ origin }) => !asksToSkip(origin));
  if (routes.at(-1)?.match === undefined && routes.length > 0) return { ...port, outbound: { routes } };
  const own = { backends: logical ? [] : [{ service: key, port: port.number, weight: 1 }], origin: ownEndpoints };
  return { ...port, outbound: { routes: [...routes, own] } };
}

const ownEndpoints: Origin = { default: 'OwnEndpoints' };

function asksToSkip(origin: Origin): boolean {
  return !('default' in origin) && origin.source.object.metadata.annotations?.[skip] === 'true';
}

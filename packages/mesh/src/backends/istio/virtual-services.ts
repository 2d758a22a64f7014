import type { HeaderMatch, HttpRouteMatch } from '../../model/http-route-match.ts';
import type { MeshModel } from '../../model/mesh-model.ts';
import { type Origin, originOf } from '../../model/origin.ts';
import type { OutboundRoute, Service, ServicePort } from '../../model/service.ts';
import { fitWeights } from '../fit-weights.ts';
import { type Manifest, manifestOf } from '../manifest.ts';
import { isAnything, literalOf, prefixOf, type Shape, shapesOf } from '../pattern-shapes.ts';
import { rootService } from '../root-service.ts';
import type { Shortfalls } from '../shortfalls.ts';
import { duration, originsOfRoute, type TreatedRoute, type Treatment, treatedRoutes } from '../treated-routes.ts';

/** What virtual services are made with. */
export interface SplitScope {
  readonly model: MeshModel;
  readonly shortfalls: Shortfalls;
}

/**
 * How the calls of a Service are shared: a VirtualService for its name, whose routes are asked in order, as those of S11
 * are (https://istio.io/latest/docs/reference/config/networking/virtual-service/). A destination is a Service's own
 * endpoints, whatever VirtualService that has (S8). An HTTP port that no split shares gets a route of
 * its own, for a request that no route fits would be answered 404.
 */
export function virtualServices(service: Service, scope: SplitScope): Manifest[] {
  const ports = service.ports
    .filter(({ protocol }) => protocol !== 'udp')
    .map(port => ({
      ...port,
      outbound: { routes: treatedRoutes(service, port, { ...scope, target: 'Istio', repeats: true }) },
    }));
  // Where no pod is in the mesh the split has no effect, which has been said (H6).
  if (!service.inMesh || ports.every(port => port.outbound.routes.every(route => isOwn(service, route)))) return [];
  const speaking = ports.filter(({ protocol }) => protocol !== 'tcp');
  const silent = ports.filter(({ protocol }) => protocol !== 'http');
  const http = speaking.flatMap(port => httpRoutes(port, ports.length > 1, scope));
  const tcp = silent.flatMap(port => tcpRoutes(service, port, scope));
  const head = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService' };
  const { namespace, name } = service;
  const spec = {
    hosts: [hostOf(service.key, scope)],
    ...(http.length > 0 && { http }),
    ...(tcp.length > 0 && { tcp }),
  };
  const made = http.length + tcp.length > 0 ? [manifestOf({ ...head, namespace, name }, spec, originsOf(ports))] : [];
  return service.logical ? [rootService(service), ...made] : made;
}

/** A port with what a ServiceProfile says of its requests. */
type TreatedPort = Omit<ServicePort, 'outbound'> & { readonly outbound: { readonly routes: readonly TreatedRoute[] } };

/** Whether a Service without any route would do the same: its own endpoints serve, or it has none. */
function isOwn({ key }: Service, { backends, origin, treatment }: TreatedRoute): boolean {
  if (treatment !== undefined) return false;
  return 'default' in origin || (backends.length === 1 && backends[0]?.service === key);
}

function hostOf(key: string, { model }: SplitScope): string {
  const [namespace = '', name = ''] = key.split('/');
  return `${name}.${namespace}.svc.${model.settings.clusterDomain}`;
}

/** Routes beside each other that lead to the same backends become one with several matches. */
function httpRoutes(port: TreatedPort, named: boolean, scope: SplitScope): object[] {
  const groups: { readonly route: TreatedRoute; readonly matches: object[] }[] = [];
  const ofPort = named ? { port: port.number } : {};
  for (const route of port.outbound.routes) {
    const match = route.match === undefined ? {} : requestMatch(route.match, scope);
    if (match === undefined) continue;
    const last = groups.at(-1);
    const isSame =
      route.match !== undefined && last?.route.origin === route.origin && last.route.treatment === route.treatment;
    if (isSame) last?.matches.push({ ...ofPort, ...match });
    else groups.push({ route, matches: [{ ...ofPort, ...match }] });
  }
  return groups.map(({ route, matches }) => ({
    ...(matches.every(match => Object.keys(match).length > 0) && { match: matches }),
    ...(route.backends.length === 0
      ? { directResponse: { status: 503 } }
      : { route: destinations(route, scope), ...treatmentFields(route.treatment) }),
  }));
}

/** Istio writes statuses among the conditions (https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry). */
function treatmentFields({ timeout, retries }: Partial<Treatment> = {}): object {
  return {
    ...(timeout !== undefined && { timeout: duration(timeout) }),
    ...(retries !== undefined && {
      retries: {
        attempts: retries.attempts,
        ...(retries.perTryTimeout !== undefined && { perTryTimeout: duration(retries.perTryTimeout) }),
        retryOn: [...retries.conditions, ...retries.statuses].join(','),
      },
    }),
  };
}

/** A connection goes by the last route, which asks for nothing. */
function tcpRoutes(service: Service, { number, outbound }: TreatedPort, scope: SplitScope): object[] {
  const route = outbound.routes.at(-1);
  if (route === undefined || isOwn(service, route)) return [];
  if (route.backends.length === 0) {
    const message = `Istio can't refuse connections by a VirtualService: those to port ${number} go to the Service itself. Give a backend a weight.`;
    scope.shortfalls.say('Unsupported', route.origin, message);
    return [];
  }
  return [{ ...(service.ports.length > 1 && { match: [{ port: number }] }), route: destinations(route, scope) }];
}

/** Weights are relative 32-bit numbers; Istio adds them up in as many bits. */
const largestWeight = 2_147_483_647;

function destinations({ backends }: OutboundRoute, scope: SplitScope): object[] {
  const weights = fitWeights(
    backends.map(({ weight }) => weight),
    { each: largestWeight, sum: largestWeight },
  );
  return backends.map(({ service, port }, index) => ({
    destination: { host: hostOf(service, scope), port: { number: port } },
    ...(backends.length > 1 && { weight: weights[index] ?? 0 }),
  }));
}

/**
 * An entry as HTTPMatchRequest has it: exact values, prefixes, and RE2 that must match the whole text. `undefined`, with a
 * finding, where it can't be said.
 */
function requestMatch(match: HttpRouteMatch, { shortfalls }: SplitScope): object | undefined {
  const { source, path } = match.origin;
  const headers: Record<string, object> = {};
  const authority = match.headers.filter(({ name }) => name === 'host');
  for (const header of match.headers) {
    if (header.name === 'host') continue;
    const value = stringMatch(header.regex.source, 'value') ?? { regex: '.*' };
    if (headers[header.name] !== undefined && JSON.stringify(headers[header.name]) !== JSON.stringify(value)) {
      return say(`takes one condition for a header, and ${header.name} has several`);
    }
    headers[header.name] = value;
  }
  if (authority.length > 1) return say('takes one condition for the host, and this entry has several');
  const uri = match.path === undefined ? undefined : stringMatch(match.path.source, 'path');
  return {
    ...(uri !== undefined && { uri }),
    ...(match.methods !== undefined && { method: methodMatch(match.methods) }),
    ...(authority[0] !== undefined && { authority: hostMatch(authority[0], match, shortfalls) }),
    ...(Object.keys(headers).length > 0 && { headers }),
  };

  function say(what: string): undefined {
    const message = `Istio ${what}; the entry is left out, and what it fits goes to the next that does.`;
    shortfalls.say('Unsupported', originOf(source, [...path, 'headers']), message);
  }
}

/** `undefined` where any text will do. */
function stringMatch(pattern: string, of: 'path' | 'value'): object | undefined {
  const shapes = shapesOf(pattern);
  if (shapes?.some(shape => isAnything(shape, of))) return undefined;
  return plainMatch(shapes) ?? { regex: pattern || '^$' };
}

function plainMatch(shapes: readonly Shape[] | undefined): object | undefined {
  const [shape, ...others] = shapes ?? [];
  if (shape === undefined || others.length > 0) return undefined;
  const [exact, prefix] = [literalOf(shape), prefixOf(shape)];
  if (exact !== undefined && exact !== '') return { exact };
  return prefix === undefined ? undefined : { prefix };
}

function methodMatch(methods: readonly string[]): object {
  const [only = ''] = methods;
  if (methods.length === 1) return { exact: only };
  return { regex: methods.map(method => method.replace(/[.*+^|$]/g, String.raw`\$&`)).join('|') };
}

/** The authority as it was written: in any letter case, perhaps with a dot and a port (T7). */
function hostMatch({ regex }: HeaderMatch, { origin }: HttpRouteMatch, shortfalls: Shortfalls): object {
  const message =
    'Istio picks a VirtualService by the Host of a request: only one that is a name of the Service is shared, whatever the entry asks for.';
  shortfalls.say('Approximated', originOf(origin.source, [...origin.path, 'headers']), message);
  const caseless = /[A-Z]/.test(regex.source) ? '' : '(?i)';
  return { regex: `${caseless}(?:${regex.source})[.]?(?::[0-9]*)?` };
}

function originsOf(ports: readonly TreatedPort[]): Origin[] {
  return ports.flatMap(({ outbound }) => outbound.routes).flatMap(originsOfRoute);
}

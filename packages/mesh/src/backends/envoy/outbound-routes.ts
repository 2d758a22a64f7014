import type {
  HeaderMatcherJson,
  RouteActionJson,
  RouteJson,
  RouteMatchJson,
} from '@heddle/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type { StringMatcherJson } from '@heddle/envoy-api/envoy/type/matcher/v3/string_pb';
import type { HeaderMatch, HttpRouteMatch } from '../../model/http-route-match.ts';
import type { RouteProfile } from '../../model/route-profile.ts';
import type { OutboundRoute, ServicePort, WeightedBackend } from '../../model/service.ts';
import { authorityKey, withAuthority } from './authority.ts';
import { pathHeader, refuseTwoHosts } from './http.ts';
import { treatmentsOf, untreated } from './profile-routes.ts';

/** The cluster that serves a backend's share. */
export type ClusterOf = (backend: WeightedBackend) => string;

/** What routes are made from besides the port. */
export interface RouteOptions {
  readonly clusterOf: ClusterOf;
  /** The ServiceProfile that these callers use. */
  readonly profile: RouteProfile | undefined;
}

/**
 * How a client's sidecar shares the requests of one port between backends, in the order of S11, and treats them as the profile
 * says. Which backends a request may go to and which route of the profile it takes are two questions: every answer to the
 * one meets every answer to the other, in order.
 */
export function outboundRoutes(name: string, port: ServicePort, options: RouteOptions): RouteConfigurationJson {
  const asksForHosts = port.outbound.routes.some(({ match }) => match?.headers.some(isHost));
  return {
    name,
    requestHeadersToRemove: [pathHeader],
    virtualHosts: [
      {
        name,
        domains: ['*'],
        routes: [refuseTwoHosts, ...port.outbound.routes.flatMap(route => routesOf(route, options))],
        ...(asksForHosts && { typedPerFilterConfig: withAuthority }),
      },
    ],
    // A cluster that is not there yet is a 503 on its own requests, no reason to refuse the whole configuration.
    validateClusters: false,
  };
}

function routesOf(split: OutboundRoute, { clusterOf, profile }: RouteOptions): RouteJson[] {
  const own: RouteMatchJson = split.match === undefined ? { prefix: '/' } : matchOf(split.match);
  const clusters = split.backends.map(backend => ({ name: clusterOf(backend), weight: backend.weight }));
  if (clusters.length === 0) {
    const body = { inlineString: 'heddle: no backend has a share of this traffic\n' };
    return [{ match: own, directResponse: { status: 503, body } }];
  }
  const to: RouteActionJson =
    clusters.length === 1 ? { cluster: clusters[0]?.name ?? '' } : { weightedClusters: { clusters } };
  const named = (profile?.routes ?? []).flatMap(route =>
    treatmentsOf(route).map(
      ({ match, action }): RouteJson => ({
        name: route.name,
        match: both(own, both(matchOf(route.match), match)),
        route: { ...to, ...action },
        statPrefix: route.name,
      }),
    ),
  );
  return [...named, { match: own, route: { ...to, ...untreated.action } }];
}

/** What matches both. A route has one place for a pattern of the path; a second one looks at the path that was noted. */
function both(a: RouteMatchJson, b: RouteMatchJson): RouteMatchJson {
  const headers = [...(a.headers ?? []), ...(b.headers ?? [])];
  if (a.safeRegex !== undefined && b.safeRegex !== undefined) {
    headers.push({ name: pathHeader, stringMatch: { safeRegex: b.safeRegex } });
  }
  const path = a.safeRegex ?? b.safeRegex;
  const { grpc = a.grpc, filterState = a.filterState } = b;
  return {
    ...(path === undefined ? { prefix: '/' } : { safeRegex: path }),
    ...(headers.length > 0 && { headers }),
    ...(filterState !== undefined && { filterState }),
    ...(grpc !== undefined && { grpc }),
  };
}

/** Envoy's own matchers agree with T6 and T7: the regex covers the whole path, without the query. */
function matchOf(match: HttpRouteMatch): RouteMatchJson {
  const hosts = match.headers.filter(isHost).map(header => ({ key: authorityKey, stringMatch: valueMatch(header) }));
  const headers: HeaderMatcherJson[] = match.headers
    .filter(header => !isHost(header))
    .map(header => ({ name: header.name, stringMatch: valueMatch(header) }));
  if (match.methods !== undefined) {
    headers.push({ name: ':method', stringMatch: { safeRegex: { regex: match.methods.map(quote).join('|') } } });
  }
  const path: RouteMatchJson = match.path === undefined ? { prefix: '/' } : { safeRegex: { regex: match.path.source } };
  return { ...path, ...(headers.length > 0 && { headers }), ...(hosts.length > 0 && { filterState: hosts }) };
}

function isHost({ name }: HeaderMatch): boolean {
  return name === 'host';
}

function valueMatch({ regex }: HeaderMatch): StringMatcherJson {
  return { safeRegex: { regex: nonEmpty(regex.pattern) } };
}

/** Envoy refuses an empty pattern. */
export function nonEmpty(pattern: string): string {
  return pattern === '' ? '^$' : pattern;
}

function quote(method: string): string {
  return method.replace(/[.*+^|$]/g, String.raw`\$&`);
}

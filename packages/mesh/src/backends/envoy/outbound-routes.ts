import type {
  HeaderMatcherJson,
  RouteActionJson,
  RouteJson,
  RouteMatchJson,
} from '@heddle/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type { StringMatcherJson } from '@heddle/envoy-api/envoy/type/matcher/v3/string_pb';
import type { HeaderMatch, HttpRouteMatch } from '../../model/http-route-match.ts';
import type { OutboundRoute, ServicePort, WeightedBackend } from '../../model/service.ts';
import { authorityKey, withAuthority } from './authority.ts';
import { refuseTwoHosts } from './http.ts';

/** The cluster that serves a backend's share. */
export type ClusterOf = (backend: WeightedBackend) => string;

/** How a client's sidecar shares the requests of one port between backends, in the order of S11. */
export function outboundRoutes(name: string, port: ServicePort, clusterOf: ClusterOf): RouteConfigurationJson {
  const asksForHosts = port.outbound.routes.some(({ match }) => match?.headers.some(isHost));
  return {
    name,
    virtualHosts: [
      {
        name,
        domains: ['*'],
        routes: [refuseTwoHosts, ...port.outbound.routes.map(route => routeOf(route, clusterOf))],
        ...(asksForHosts && { typedPerFilterConfig: withAuthority }),
      },
    ],
    // A cluster that is not there yet is a 503 on its own requests, no reason to refuse the whole configuration.
    validateClusters: false,
  };
}

function routeOf(route: OutboundRoute, clusterOf: ClusterOf): RouteJson {
  const match: RouteMatchJson = route.match === undefined ? { prefix: '/' } : matchOf(route.match);
  const clusters = route.backends.map(backend => ({ name: clusterOf(backend), weight: backend.weight }));
  if (clusters.length === 0) {
    return {
      match,
      directResponse: { status: 503, body: { inlineString: 'heddle: no backend has a share of this traffic\n' } },
    };
  }
  return {
    match,
    route: {
      ...(clusters.length === 1 ? { cluster: clusters[0]?.name ?? '' } : { weightedClusters: { clusters } }),
      ...forwarding,
    },
  };
}

/** No time-out of ours; a request that no backend has seen yet is tried again, on the backend that was chosen. */
const forwarding: RouteActionJson = {
  timeout: '0s',
  retryPolicy: { retryOn: 'connect-failure,refused-stream', numRetries: 2 },
};

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

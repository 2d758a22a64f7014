import type { FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { RouteJson } from '@heddle/envoy-api/envoy/config/route/v3/route_components_pb';
import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type {
  HttpConnectionManagerJson,
  HttpFilterJson,
  LocalReplyConfigJson,
} from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { StringMatcherJson } from '@heddle/envoy-api/envoy/type/matcher/v3/string_pb';
import { refusedRequests } from './access-log.ts';
import { authorityFilter } from './authority.ts';
import { overAds, typed } from './typed.ts';

const managerType = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** The request's path without its query, as routes and the RBAC filter match it; each sidecar notes it, and passes it on to nobody. */
export const pathHeader = 'x-heddle-path';

/** Headers that steer a sidecar are removed from whatever comes in, by prefix (H5); then the path is noted, by which routes are chosen. */
const earlyMutations = {
  mutations: [
    { removeOnMatch: { keyMatcher: { prefix: 'x-envoy-' } } },
    { removeOnMatch: { keyMatcher: { prefix: 'x-heddle-' } } },
    { removeOnMatch: { keyMatcher: { safeRegex: { regex: 'x[-_]forwarded[-_]client[-_]cert' } } } },
    { append: { header: { key: pathHeader, value: '%PATH(NQ)%' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
  ],
};

/**
 * Envoy answers 404 by itself to targets that are no path and to an empty scheme, before it looks at routes. What they get
 * instead: `OPTIONS *` a denial (H5), CONNECT (H3) and everything else what malformed requests get (T12).
 */
const localReplies: LocalReplyConfigJson = {
  mappers: [
    {
      filter: { andFilter: { filters: [header(':path', { exact: '*' }), header(':method', { exact: 'OPTIONS' })] } },
      statusCode: 403,
      body: { inlineString: 'heddle: a request without a path matches no rule\n' },
    },
    {
      filter: header(':path', { safeRegex: { regex: '[^/].*' } }),
      statusCode: 400,
      body: { inlineString: 'heddle: the target is no path\n' },
    },
    {
      filter: header(':method', { exact: 'CONNECT' }),
      statusCode: 400,
      body: { inlineString: 'heddle: CONNECT is not passed on\n' },
    },
    {
      filter: header('x-forwarded-proto', { exact: '' }),
      statusCode: 400,
      body: { inlineString: 'heddle: X-Forwarded-Proto is empty\n' },
    },
  ],
};

function header(name: string, stringMatch: StringMatcherJson) {
  return { headerFilter: { header: { name, stringMatch } } };
}

/** What every HTTP connection manager of a sidecar shares: strict paths (H5), requests passed on as they came (S14). */
const shared: HttpConnectionManagerJson = {
  codecType: 'AUTO',
  normalizePath: true,
  mergeSlashes: true,
  pathWithEscapedSlashesAction: 'REJECT_REQUEST',
  httpProtocolOptions: { acceptHttp10: true, allowCustomMethods: true },
  serverHeaderTransformation: 'PASS_THROUGH',
  generateRequestId: false,
  preserveExternalRequestId: true,
  skipXffAppend: true,
  upgradeConfigs: [{ upgradeType: 'websocket' }],
  localReplyConfig: localReplies,
  earlyHeaderMutationExtensions: [
    {
      name: 'heddle.early',
      typedConfig: typed(
        'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation',
        earlyMutations,
      ),
    },
  ],
};

const router: HttpFilterJson = {
  name: 'envoy.filters.http.router',
  typedConfig: typed('envoy.extensions.filters.http.router.v3.Router', { suppressEnvoyHeaders: true }),
};

/**
 * An HTTP connection manager with routes that come by name, or never change; `filters` run before the router, once the
 * authority is known.
 */
export function httpManager(
  routes: string | RouteConfigurationJson,
  options: {
    statPrefix: 'inbound' | 'outbound';
    filters?: readonly HttpFilterJson[];
    manager?: HttpConnectionManagerJson;
  },
): FilterJson {
  const manager: HttpConnectionManagerJson = {
    ...shared,
    ...options.manager,
    statPrefix: options.statPrefix,
    ...(typeof routes === 'string'
      ? { rds: { routeConfigName: routes, configSource: overAds } }
      : { routeConfig: routes }),
    httpFilters: [authorityFilter, ...(options.filters ?? []), router],
  };
  return { name: 'envoy.filters.network.http_connection_manager', typedConfig: typed(managerType, manager) };
}

/**
 * Answers every well-formed request with 403 and ends its connection: once policy lets the caller in, its next connection
 * takes another way, and one that was kept would be refused for ever. Ends those that say nothing for a second, too.
 */
export function refusingManager(body: string): FilterJson {
  const manager: HttpConnectionManagerJson = {
    ...shared,
    statPrefix: 'outbound',
    accessLog: [refusedRequests()],
    commonHttpProtocolOptions: { idleTimeout: '1s', maxRequestsPerConnection: 1 },
    requestHeadersTimeout: '5s',
    routeConfig: {
      name: 'refused',
      virtualHosts: [{ name: 'refused', domains: ['*'], routes: [refuseTwoHosts, refuse(body)] }],
    } satisfies RouteConfigurationJson,
    httpFilters: [router],
  };
  return { name: 'envoy.filters.network.http_connection_manager', typedConfig: typed(managerType, manager) };
}

/** Answers 400 to a request with more than one Host header, which Envoy joins by a comma (T7). */
export const refuseTwoHosts: RouteJson = {
  match: { prefix: '/', headers: [{ name: ':authority', stringMatch: { contains: ',' } }] },
  directResponse: { status: 400, body: { inlineString: 'heddle: a request has one Host header\n' } },
};

function refuse(body: string): RouteJson {
  return { match: { prefix: '/' }, directResponse: { status: 403, body: { inlineString: body } } };
}

/** Clusters that speak the protocol that the request came in. */
export const sameProtocol = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    {
      useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
    },
  ),
};

import { decodeHttp1, decodeHttp2, dropHopByHop, protocolError, upgradeOf } from './codec.ts';
import { list, type Message, message, text, typedMessage, typeOf } from './config.ts';
import { chooseAction, type MatchContext, matchesRoute } from './match.ts';
import { format, type HttpRequest, headerOf, mutate, withHeader } from './request.ts';
import type { Sidecar } from './sidecar.ts';
import { matchesString } from './string-match.ts';
import { envoyPath } from './url-path.ts';

/** Who sent a request over mutual TLS. */
export interface Peer {
  readonly identity: string;
  readonly address: string;
  readonly own: string;
}

/** What an HTTP connection manager does with a request: answers it (null: ends it without an answer), or passes it on. */
export type HttpResult =
  | { readonly status: number | null }
  | {
      readonly clusters: readonly WeightedName[];
      /** Name of the route; null for one without. */
      readonly route: string | null;
      readonly request: HttpRequest;
      /** Whether authorization counts it as one that would be denied. */
      readonly wouldDeny: boolean;
    };

/** A cluster and its weight. */
export interface WeightedName {
  readonly name: string;
  readonly weight: number;
}

const managerFields = [
  'statPrefix',
  'accessLog',
  'codecType',
  'normalizePath',
  'mergeSlashes',
  'pathWithEscapedSlashesAction',
  'httpProtocolOptions',
  'serverHeaderTransformation',
  'generateRequestId',
  'preserveExternalRequestId',
  'skipXffAppend',
  'upgradeConfigs',
  'localReplyConfig',
  'earlyHeaderMutationExtensions',
  'rds',
  'routeConfig',
  'httpFilters',
  'commonHttpProtocolOptions',
  'requestHeadersTimeout',
  'forwardClientCertDetails',
  'setCurrentClientCertDetails',
  'accessLog',
] as const;

export const managerType = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager' as const;

type Manager = Message<(typeof managerFields)[number]>;

/** Passes one request through an HTTP connection manager: codec, path, early mutations, route, filters, action. */
export function manage(config: unknown, sidecar: Sidecar, input: HttpRequest, peer?: Peer): HttpResult {
  const manager = typedMessage(config, managerType, managerFields);
  const decoded = decode(manager, input);
  if (decoded === protocolError) return { status: input.http2 ? null : 400 };
  // Before anything else it answers 404 to targets that are no path.
  if (!decoded.path.startsWith('/')) return { status: localReply(manager, decoded, 404) };
  const normalized = normalize(manager, decoded);
  if (normalized === undefined) return { status: 400 };
  const request = prepare(manager, normalized, peer);
  const routes = routesOf(manager, sidecar);
  // Routes that have not come yet: no route.
  if (routes === undefined) return { status: 404 };
  return route(manager, routes, request, peer);
}

const builtInMethods = /^(GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH|PURGE|PROPFIND|MKCOL|COPY|MOVE|LOCK|UNLOCK)$/;

function decode(manager: Manager, request: HttpRequest): HttpRequest | typeof protocolError {
  const { allowCustomMethods } = message(manager.httpProtocolOptions, 'Http1ProtocolOptions', [
    'acceptHttp10',
    'allowCustomMethods',
  ]);
  const custom = request.method !== 'CONNECT' && !builtInMethods.test(request.method);
  if (custom && (allowCustomMethods !== true || !/^[\w!#$%&'*+.^`|~-]+$/.test(request.method))) return protocolError;
  const decoded = request.http2 ? decodeHttp2(request) : decodeHttp1(request);
  if (decoded === protocolError) return protocolError;
  return /^[A-Za-z0-9\-._~%!$&'()*+,;=:@[\]]*$/.test(decoded.authority) ? decoded : protocolError;
}

function normalize(manager: Manager, request: HttpRequest): HttpRequest | undefined {
  const escapedSlashes = manager.pathWithEscapedSlashesAction;
  if (escapedSlashes !== undefined && escapedSlashes !== 'REJECT_REQUEST')
    throw new Error(text(escapedSlashes, 'pathWithEscapedSlashesAction'));
  const path = envoyPath(request.path, {
    normalizePath: manager.normalizePath === true,
    mergeSlashes: manager.mergeSlashes === true,
    rejectEscapedSlashes: escapedSlashes === 'REJECT_REQUEST',
  });
  return path === undefined ? undefined : { ...request, path };
}

/** What happens to headers before a route is chosen. */
function prepare(manager: Manager, decoded: HttpRequest, peer: Peer | undefined): HttpRequest {
  let request = dropHopByHop(decoded);
  for (const extension of list(manager.earlyHeaderMutationExtensions)) {
    const { typedConfig } = message(extension, 'TypedExtensionConfig', ['name', 'typedConfig']);
    const type = 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation';
    request = mutate(request, list(typedMessage(typedConfig, type, ['mutations']).mutations));
  }
  request = forwardClientCertificate(manager, request, peer);
  const scheme = request.headers.some(([name]) => name === 'x-forwarded-proto');
  return scheme ? request : withHeader(request, 'x-forwarded-proto', peer === undefined ? 'http' : 'https');
}

function forwardClientCertificate(manager: Manager, request: HttpRequest, peer: Peer | undefined): HttpRequest {
  const name = 'x-forwarded-client-cert';
  const without = { ...request, headers: request.headers.filter(([key]) => key !== name) };
  const details = manager.forwardClientCertDetails ?? 'SANITIZE';
  if (details === 'SANITIZE') return without;
  if (details !== 'SANITIZE_SET') throw new Error(text(details, 'forwardClientCertDetails'));
  if (peer === undefined) return without;
  return withHeader(without, name, `By=${peer.own};Hash=${'0'.repeat(64)};URI=${peer.identity}`);
}

function routesOf(manager: Manager, sidecar: Sidecar): unknown {
  if (manager.routeConfig !== undefined) return manager.routeConfig;
  const { routeConfigName } = message(manager.rds, 'Rds', ['routeConfigName', 'configSource']);
  return sidecar.routes.get(text(routeConfigName, 'routeConfigName'));
}

function route(manager: Manager, routes: unknown, request: HttpRequest, peer: Peer | undefined): HttpResult {
  const { virtualHosts, requestHeadersToRemove } = message(routes, 'RouteConfiguration', [
    'name',
    'virtualHosts',
    'requestHeadersToRemove',
    'validateClusters',
  ]);
  const [host, ...others] = list(virtualHosts).map(item =>
    message(item, 'VirtualHost', ['name', 'domains', 'routes', 'typedPerFilterConfig']),
  );
  if (others.length > 0 || JSON.stringify(host?.domains) !== '["*"]') throw new Error('more than one virtual host');
  const all = list(host?.routes).map(item =>
    message(item, 'Route', ['name', 'match', 'route', 'directResponse', 'statPrefix']),
  );
  const choose = (context: MatchContext) => all.find(candidate => matchesRoute(candidate.match, context));
  const arrived: Filtered = { request, peer, filterState: new Map(), routeAgain: false, wouldDeny: false };
  // Without a scheme it finds no route, whatever there is.
  const first = headerOf(request, 'x-forwarded-proto') === '' ? undefined : choose(contextOf(arrived));
  if (first === undefined) return { status: localReply(manager, request, 404) };
  if (!mayUpgrade(manager, request)) return { status: localReply(manager, request, 403) };
  const filtered = filter(manager, (host?.typedPerFilterConfig ?? {}) as Record<string, unknown>, arrived);
  if ('status' in filtered) return { status: localReply(manager, request, filtered.status) };
  const chosen = filtered.routeAgain ? choose(contextOf(filtered)) : first;
  if (chosen === undefined) return { status: localReply(manager, request, 404) };
  if (chosen.directResponse !== undefined) {
    return { status: Number(message(chosen.directResponse, 'DirectResponseAction', ['status', 'body']).status) };
  }
  const removed = new Set(list(requestHeadersToRemove).map(String));
  const headers = filtered.request.headers.filter(([name]) => !removed.has(name));
  return {
    clusters: clustersOf(chosen.route),
    route: chosen.name === undefined ? null : text(chosen.name, 'name'),
    request: { ...filtered.request, headers },
    wouldDeny: filtered.wouldDeny,
  };
}

function mayUpgrade(manager: Manager, request: HttpRequest): boolean {
  const upgrade = request.http2 ? undefined : upgradeOf(request);
  const allowed = list(manager.upgradeConfigs).map(item => message(item, 'UpgradeConfig', ['upgradeType']).upgradeType);
  return upgrade === undefined || allowed.includes(upgrade);
}

/** The status of an answer of Envoy's own, which the configuration may change. */
function localReply(manager: Manager, request: HttpRequest, status: number): number {
  if (manager.localReplyConfig === undefined) return status;
  const { mappers } = message(manager.localReplyConfig, 'LocalReplyConfig', ['mappers']);
  const mapper = list(mappers)
    .map(item => message(item, 'ResponseMapper', ['filter', 'statusCode', 'body']))
    .find(item => passesFilter(item.filter, request));
  return mapper === undefined ? status : Number(mapper.statusCode);
}

function passesFilter(logFilter: unknown, request: HttpRequest): boolean {
  const { andFilter, headerFilter } = message(logFilter, 'AccessLogFilter', ['andFilter', 'headerFilter']);
  if (andFilter !== undefined) {
    return list(message(andFilter, 'AndFilter', ['filters']).filters).every(item => passesFilter(item, request));
  }
  const { header } = message(headerFilter, 'HeaderFilter', ['header']);
  const { name, stringMatch } = message(header, 'HeaderMatcher', ['name', 'stringMatch']);
  return matchesString(stringMatch, headerOf(request, text(name, 'name')) ?? '');
}

interface Filtered {
  readonly request: HttpRequest;
  readonly peer: Peer | undefined;
  readonly filterState: ReadonlyMap<string, string>;
  /** Whether the route is to be chosen once more. */
  readonly routeAgain: boolean;
  readonly wouldDeny: boolean;
}

function contextOf({ request, peer, filterState }: Filtered): MatchContext {
  return { request, filterState, peer: peer?.identity, source: peer?.address };
}

function filter(
  manager: Manager,
  perRoute: Readonly<Record<string, unknown>>,
  input: Filtered,
): Filtered | { readonly status: number } {
  let state = input;
  for (const item of list(manager.httpFilters)) {
    const { name, typedConfig, disabled } = message(item, 'HttpFilter', ['name', 'typedConfig', 'disabled']);
    const { isOn, override } = perRouteOf(perRoute[text(name, 'name')], disabled === true);
    if (!isOn) continue;
    switch (typeOf(typedConfig)) {
      case 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation':
        state = { ...state, request: mutateByFilter(state.request, typedConfig, override) };
        break;
      case 'envoy.extensions.filters.http.set_filter_state.v3.Config':
        state = noteByFilter(state, typedConfig);
        break;
      case 'envoy.extensions.filters.http.rbac.v3.RBAC':
        {
          const rules = rulesOf(typedConfig, override);
          if (!permits(rules, state)) return { status: 403 };
          const shadow = rules.shadowMatcher;
          state = { ...state, wouldDeny: shadow !== undefined && !allows(shadow, state) };
        }
        break;
      case 'envoy.extensions.filters.http.router.v3.Router':
        typedMessage(typedConfig, 'envoy.extensions.filters.http.router.v3.Router', ['suppressEnvoyHeaders']);
        return state;
      default:
        throw new Error(`the walk does not know the filter ${typeOf(typedConfig)}`);
    }
  }
  throw new Error('a filter chain does not end with a router');
}

/** What a route says of a filter: anything turns it on, and may replace its configuration. */
function perRouteOf(config: unknown, disabled: boolean): { readonly isOn: boolean; readonly override: unknown } {
  if (config === undefined) return { isOn: !disabled, override: undefined };
  const type = 'envoy.config.route.v3.FilterConfig';
  if (typeOf(config) !== type) return { isOn: true, override: config };
  const { config: own } = typedMessage(config, type, ['config']);
  if (JSON.stringify(own) !== '{}') throw new Error('the walk does not know a FilterConfig with a configuration');
  return { isOn: true, override: undefined };
}

function noteByFilter(state: Filtered, config: unknown): Filtered {
  const type = 'envoy.extensions.filters.http.set_filter_state.v3.Config';
  const { clearRouteCache, onRequestHeaders } = typedMessage(config, type, ['clearRouteCache', 'onRequestHeaders']);
  const filterState = new Map(state.filterState);
  for (const item of list(onRequestHeaders)) {
    const value = message(item, 'FilterStateValue', ['objectKey', 'factoryKey', 'formatString']);
    const { textFormatSource } = message(value.formatString, 'SubstitutionFormatString', [
      'textFormatSource',
      'formatters',
    ]);
    const { inlineString } = message(textFormatSource, 'DataSource', ['inlineString']);
    filterState.set(text(value.objectKey, 'objectKey'), format(text(inlineString, 'inlineString'), state.request));
  }
  return { ...state, filterState, routeAgain: state.routeAgain || clearRouteCache === true };
}

function mutateByFilter(request: HttpRequest, config: unknown, override: unknown): HttpRequest {
  const type = 'envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';
  const lists = [typedMessage(config, type, ['mutations']).mutations];
  if (override !== undefined) lists.push(typedMessage(override, `${type}PerRoute`, ['mutations']).mutations);
  return lists.reduce<HttpRequest>((before, mutations) => {
    const { requestMutations } = message(mutations, 'Mutations', ['requestMutations', 'formatters']);
    return mutate(before, list(requestMutations));
  }, request);
}

type Rbac = Message<'rules' | 'matcher' | 'shadowMatcher'>;

/** The rules of the filter itself, or those that a route has in their place. */
function rulesOf(config: unknown, override: unknown): Rbac {
  const own = typedMessage(config, 'envoy.extensions.filters.http.rbac.v3.RBAC', ['rules', 'matcher', 'shadowMatcher']);
  if (override === undefined) return own;
  const { rbac } = typedMessage(override, 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute', ['rbac']);
  return message(rbac, 'RBAC', ['rules', 'matcher', 'shadowMatcher']);
}

/** Without rules everything passes. */
function permits({ rules, matcher }: Rbac, state: Filtered): boolean {
  if (matcher !== undefined) return allows(matcher, state);
  if (rules === undefined) return true;
  const { action } = message(rules, 'Rules', ['action']);
  if (action !== 'ALLOW') throw new Error(`RBAC rules with action ${String(action)}`);
  return false;
}

function allows(matcher: unknown, state: Filtered): boolean {
  const chosen = chooseAction(matcher, contextOf(state));
  if (chosen === undefined) return false;
  const { typedConfig } = message(chosen, 'TypedExtensionConfig', ['name', 'typedConfig']);
  return typedMessage(typedConfig, 'envoy.config.rbac.v3.Action', ['name', 'action']).action === 'ALLOW';
}

function clustersOf(action: unknown): readonly WeightedName[] {
  const { cluster, weightedClusters } = message(action, 'RouteAction', [
    'cluster',
    'weightedClusters',
    'timeout',
    'retryPolicy',
  ]);
  return cluster === undefined ? weightedNames(weightedClusters) : [{ name: text(cluster, 'cluster'), weight: 1 }];
}

/** The clusters of a `WeightedCluster` that get anything. */
export function weightedNames(weighted: unknown): readonly WeightedName[] {
  const named = list(message(weighted, 'WeightedCluster', ['clusters']).clusters).map(item => {
    const { name, weight } = message(item, 'ClusterWeight', ['name', 'weight']);
    return { name: text(name, 'name'), weight: Number(weight ?? 0) };
  });
  const sum = named.reduce((total, { weight }) => total + weight, 0);
  if (sum < 1 || sum > 4_294_967_295) throw new Error(`Envoy refuses weights that sum to ${sum}`);
  return named.filter(({ weight }) => weight > 0);
}

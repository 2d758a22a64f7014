import { configurations, type EnvoyOutput, type SidecarConfiguration } from '@heddle/mesh';
import { at, itemsAt, textAt } from './json.ts';
import { shortIdentity } from './view-model.ts';
import { type Sidecar, sidecarOf } from './walk/sidecar.ts';

/**
 * What the configuration of every sidecar does with traffic: for each Service that it may call where calls go, for each
 * port whom it lets in with what. What all sidecars have alike (the way out, refusals, mutual TLS) is left out.
 */
export function viewEnvoy(sidecars: EnvoyOutput['sidecars']): object | undefined {
  const views = [...configurations({ sidecars })].flatMap(([key, configuration]) => {
    const view = viewSidecar(configuration);
    return Object.keys(view).length === 0 ? [] : [[key, view] as const];
  });
  return views.length === 0 ? undefined : Object.fromEntries(views.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function viewSidecar(configuration: SidecarConfiguration): object {
  const sidecar = sidecarOf(configuration);
  const outbound: Record<string, unknown> = {};
  const inbound: Record<string, unknown> = {};
  for (const [name, listener] of sidecar.listeners) {
    if (name.startsWith('outbound/')) outbound[serviceName(name)] = viewOutbound(listener, sidecar);
    if (!name.startsWith('inbound/')) continue;
    const chains = itemsAt(listener, 'filterChains').filter(chain => at(chain, 'filters') !== undefined);
    // Each caller has chains of its own; what a port lets in is in one place all the same.
    for (const [name, own] of Map.groupBy(chains, chain => textAt(chain, 'name').split('/').slice(0, 2).join('/')))
      inbound[name] = viewInbound(own, sidecar);
  }
  const servers = viewServers(sidecar);
  return {
    ...(Object.keys(outbound).length > 0 && { outbound }),
    ...(Object.keys(servers).length > 0 && { servers }),
    ...(Object.keys(inbound).length > 0 && { inbound }),
  };
}

/** `books.stock:80` for `outbound/stock/books/80`. */
function serviceName(name: string): string {
  const [, namespace, service, port, kind] = name.split('/');
  const suffix = kind === undefined ? '' : (how[kind] ?? ` at ${kind}`);
  return `${service}.${namespace}:${port}${suffix}`;
}

const how: Readonly<Record<string, string>> = {
  tcp: ' as bytes',
  plain: ' in plain text',
  direct: ' at the chosen pod',
  'direct-tcp': ' at the chosen pod as bytes',
};

function viewOutbound(listener: unknown, sidecar: Sidecar): unknown {
  const fallback = at(listener, 'defaultFilterChain');
  const [first, ...others] = [...itemsAt(listener, 'filterChains'), ...(fallback === undefined ? [] : [fallback])].map(
    chain => viewFilter(itemsAt(chain, 'filters').at(-1), sidecar),
  );
  return others.length === 0 ? first : { http: first, bytes: others[0] };
}

function viewFilter(filter: unknown, sidecar: Sidecar): unknown {
  const name = textAt(filter, 'name');
  const config = at(filter, 'typedConfig');
  if (name.endsWith('direct_response')) return 'closed';
  if (name.endsWith('tcp_proxy')) return viewClusters(config);
  const routes = sidecar.routes.get(textAt(config, 'rds', 'routeConfigName'));
  return itemsAt(routes, 'virtualHosts', 0, 'routes').flatMap(route => viewRoute(route) ?? []);
}

/** The route that every configuration has is left out: the one of requests with several Hosts. */
function viewRoute(route: unknown): object | undefined {
  const match = at(route, 'match');
  if (at(route, 'directResponse', 'status') === 400) return undefined;
  const path = textAt(match, 'safeRegex', 'regex');
  const conditions = [...itemsAt(match, 'filterState'), ...itemsAt(match, 'headers')].map(
    item => `${nameOf(item)} ~ ${textAt(item, 'stringMatch', 'safeRegex', 'regex')}`,
  );
  const grpc = at(match, 'grpc') === undefined ? [] : ['gRPC'];
  const when = [...(path === '' ? [] : [`path ~ ${path}`]), ...conditions, ...grpc].join(' and ');
  const to = at(route, 'directResponse', 'status') ?? viewClusters(at(route, 'route'));
  return { ...viewTreatment(route), ...(when !== '' && { when }), to };
}

/** The name of a route, its time, and what is repeated; all that other routes have alike is left out. */
function viewTreatment(route: unknown): object {
  const name = textAt(route, 'name');
  if (name === '') return {};
  const timeout = textAt(route, 'route', 'timeout');
  const retries = at(route, 'route', 'retryPolicy');
  const statuses = itemsAt(retries, 'retriableStatusCodes');
  const on = [textAt(retries, 'retryOn').replace(',retriable-status-codes', ''), ...statuses].join(',');
  const times = `${String(at(retries, 'numRetries'))} x after ${on}`;
  const each = textAt(retries, 'perTryTimeout');
  return {
    name,
    ...(timeout !== '0s' && { timeout }),
    ...(on !== 'connect-failure,refused-stream' && {
      repeated: each === '' ? times : `${times}, ${each} each`,
    }),
  };
}

function viewClusters(action: unknown): unknown {
  const cluster = textAt(action, 'cluster');
  if (cluster !== '') return cluster === 'egress' ? 'outside the mesh' : serviceName(cluster);
  return Object.fromEntries(
    itemsAt(action, 'weightedClusters', 'clusters').map(item => [
      serviceName(textAt(item, 'name')),
      at(item, 'weight'),
    ]),
  );
}

/** Whom it believes to be the server of each cluster, and how many endpoints that has. */
function viewServers(sidecar: Sidecar): Record<string, string> {
  const views: Record<string, string> = {};
  for (const [name, cluster] of sidecar.clusters) {
    const isDirect = at(cluster, 'type') === 'ORIGINAL_DST' && at(cluster, 'transportSocket') !== undefined;
    if (!isDirect && at(cluster, 'type') !== 'EDS') continue;
    const context = at(cluster, 'transportSocket', 'typedConfig', 'commonTlsContext', 'combinedValidationContext');
    const servers = context === undefined ? 'anybody' : namesIn(at(context, 'defaultValidationContext')).join(', ');
    const assignment = sidecar.endpoints.get(textAt(cluster, 'edsClusterConfig', 'serviceName'));
    const { length } = itemsAt(assignment, 'endpoints').flatMap(locality => itemsAt(locality, 'lbEndpoints'));
    views[serviceName(name)] = isDirect
      ? servers
      : `${servers} on ${length} ${length === 1 ? 'endpoint' : 'endpoints'}`;
  }
  return views;
}

function namesIn(validationContext: unknown): string[] {
  return itemsAt(validationContext, 'matchTypedSubjectAltNames').map(item =>
    shortIdentity(textAt(item, 'matcher', 'exact')),
  );
}

function viewInbound(chains: readonly unknown[], sidecar: Sidecar): unknown {
  const managers = chains.map(chain => at(itemsAt(chain, 'filters').at(-1), 'typedConfig'));
  const isHttp = managers.some(manager => textAt(manager, '@type').endsWith('.HttpConnectionManager'));
  if (!isHttp) return viewBytes(chains, sidecar);
  const named = managers.find(manager => at(manager, 'rds') !== undefined);
  if (named === undefined) return 'closed';
  const routes = sidecar.routes.get(textAt(named, 'rds', 'routeConfigName'));
  const rbac = at(routes, 'virtualHosts', 0, 'typedPerFilterConfig', 'envoy.filters.http.rbac', 'rbac');
  const matcher = at(rbac, 'matcher') ?? at(rbac, 'shadowMatcher');
  if (matcher === undefined) return 'anybody';
  return at(rbac, 'matcher') === undefined ? { 'anybody; audited': viewMatcher(matcher) } : viewMatcher(matcher);
}

function contextOf(chain: unknown): unknown {
  return at(chain, 'transportSocket', 'typedConfig', 'commonTlsContext');
}

function viewBytes(chains: readonly unknown[], sidecar: Sidecar): unknown {
  const namesOf = (chain: unknown) => {
    const source = textAt(chain, 'filterChainMatch', 'sourcePrefixRanges', 0, 'addressPrefix');
    const names = namesIn(at(contextOf(chain), 'combinedValidationContext', 'defaultValidationContext'));
    return names.map(name => name + (source && ` from ${source}`));
  };
  const others = chains.at(-1);
  if (contextOf(others) === undefined) return 'anybody, in plain text';
  const callers = chains.filter(chain => !/\/(tcp|others)$/.test(textAt(chain, 'name'))).flatMap(namesOf);
  if (at(contextOf(others), 'combinedValidationContext') !== undefined)
    return callers.length > 0 ? callers : namesOf(others);
  const note = sidecar.extensions.get(textAt(others, 'filters', 0, 'name'));
  const audited = at(note, 'typedConfig', 'onNewConnection') !== undefined;
  return audited ? { 'the whole mesh; audited': callers } : 'the whole mesh';
}

function viewMatcher(matcher: unknown): unknown {
  const map = at(matcher, 'matcherTree', 'exactMatchMap', 'map');
  if (map === undefined) return 'closed';
  return Object.fromEntries(
    Object.entries(map as object).map(([identity, then]) => [shortIdentity(identity), viewGrant(then)]),
  );
}

function viewGrant(then: unknown): unknown {
  const predicate = at(then, 'matcher', 'matcherList', 'matchers', 0, 'predicate');
  if (predicate === undefined) return 'any request';
  const any = itemsAt(predicate, 'orMatcher', 'predicate');
  return (any.length > 0 ? any : [predicate]).map(viewPredicate);
}

function viewPredicate(predicate: unknown): string {
  const all = itemsAt(predicate, 'andMatcher', 'predicate');
  if (all.length > 0) return all.map(viewPredicate).join(' and ');
  const any = itemsAt(predicate, 'orMatcher', 'predicate');
  if (any.length > 0) return `(${any.map(viewPredicate).join(' or ')})`;
  const not = at(predicate, 'notMatcher');
  if (not !== undefined) return `not ${viewPredicate(not)}`;
  const pods = itemsAt(predicate, 'singlePredicate', 'customMatch', 'typedConfig', 'cidrRanges');
  if (pods.length > 0) return `from ${pods.map(range => textAt(range, 'addressPrefix')).join(', ')}`;
  const value = at(predicate, 'singlePredicate', 'valueMatch');
  const name = nameOf(at(predicate, 'singlePredicate', 'input', 'typedConfig'));
  const regex = textAt(value, 'safeRegex', 'regex');
  return regex === '' ? `${name} = ${textAt(value, 'exact')}` : `${name} ~ ${regex}`;
}

/** What is matched: a header, or what a filter has noted. */
function nameOf(item: unknown): string {
  if (textAt(item, 'key') === 'heddle.authority') return 'authority';
  const header = textAt(item, 'headerName') || textAt(item, 'name');
  return header === 'x-heddle-path' ? 'path' : header;
}

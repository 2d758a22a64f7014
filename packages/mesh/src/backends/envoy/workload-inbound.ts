import type { FilterChainJson, FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpFilterJson } from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { methodOverrideHeaders, spellingsOf } from '../../model/http-route-match.ts';
import type { Origin } from '../../model/origin.ts';
import { type InboundPort, restrictsMethods, type Workload } from '../../model/workload.ts';
import { withAuthority } from './authority.ts';
import { matchesAuthority, pathHeader, rbacPerRoute } from './authorization.ts';
import { type Callers, httpCallers, tcpCallers } from './callers.ts';
import { oneAddress } from './cidr.ts';
import { handshakeLog } from './handshake-log.ts';
import { httpManager, refuseTwoHosts } from './http.ts';
import { alpn, inboundPort, names } from './names.ts';
import { listenerType, type ResourceGroup, routeType, type XdsResource } from './resource.ts';
import { downstreamTls } from './tls.ts';
import { typed } from './typed.ts';

/**
 * A workload's inbound side, which its replicas share. Authorization of HTTP travels in the routes, that of TCP in who may
 * open a connection. Every caller has filter chains of its own, which Envoy changes in place: a change of policy ends the
 * connections of those whom it concerns and of nobody else (T12).
 */
export function inboundOf(workload: Workload): ResourceGroup {
  const resources: XdsResource[] = [listenerOf(workload)];
  for (const port of workload.ports) {
    const origins = originsOf(port);
    if (port.protocol !== 'tcp') {
      resources.push({
        typeUrl: routeType,
        name: names.inboundRoutes(workload.key, port.number),
        value: routesOf(workload, port),
        origins,
      });
    }
  }
  return { resources };
}

/** The TrafficTargets of a port, and the route objects and bindings that they name. */
function originsOf(port: InboundPort): Origin[] {
  const sources = new Map<object, Origin>();
  for (const { target, http, portRule, principals } of port.policy.authorizations) {
    sources.set(target.source, target);
    for (const { binding } of principals) if (binding !== undefined) sources.set(binding.source, binding);
    if (portRule !== undefined) sources.set(portRule.source, portRule);
    if (http !== 'all') for (const { match } of http) sources.set(match.origin.source, match.origin);
  }
  return [...sources.values()];
}

/** Chains for each port and kind of mesh connection; whatever else comes is closed (T9). */
function listenerOf(workload: Workload): XdsResource {
  const name = names.inboundListener(workload.key);
  const value: ListenerJson = {
    name,
    address: { socketAddress: { address: '0.0.0.0', portValue: inboundPort } },
    trafficDirection: 'INBOUND',
    accessLog: [handshakeLog],
    listenerFilters: [
      {
        name: 'envoy.filters.listener.original_dst',
        typedConfig: typed('envoy.extensions.filters.listener.original_dst.v3.OriginalDst', {}),
      },
      {
        name: 'envoy.filters.listener.tls_inspector',
        typedConfig: typed('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
      },
    ],
    filterChains: workload.ports.length === 0 ? [nothing] : workload.ports.flatMap(port => chainsOf(workload, port)),
  };
  // Who may open connections of bytes is said nowhere else.
  const bytes = workload.ports.filter(({ protocol }) => protocol !== 'http');
  return { typeUrl: listenerType, name, value, origins: [...new Set(bytes.flatMap(originsOf))] };
}

/** A listener needs a chain; this one matches no connection. */
const nothing: FilterChainJson = {
  name: 'none',
  filterChainMatch: { applicationProtocols: ['none'], transportProtocol: 'none' },
};

/**
 * The chains of one port: for each caller whom policy lets in its own, which takes nobody else, and after them those that
 * refuse everybody. A caller of whom labels pick some pods has one for each of these: their addresses are known before the
 * handshake, when RBAC would come too late, and a pod that goes ends no connection but its own (T11). A chain goes when its caller may no longer come, and one of HTTP becomes another with what its caller may
 * send: requests then say that their connection ends, and what is still open after the drain time is closed (T12).
 */
function chainsOf(workload: Workload, { number, protocol, policy }: InboundPort): FilterChainJson[] {
  const http = (callers: Callers): FilterChainJson => ({
    name: `${number}/http/${placeOf(callers)}/${callers.rights}`,
    filterChainMatch: meshConnection(number, alpn.http, callers),
    transportSocket: downstreamTls(callers.identities),
    filters: [httpManager(names.inboundRoutes(workload.key, number), inboundManager)],
  });
  const tcp = (callers: Callers): FilterChainJson => ({
    name: `${number}/tcp/${placeOf(callers)}`,
    filterChainMatch: meshConnection(number, alpn.tcp, callers),
    transportSocket: downstreamTls(callers.identities),
    filters: [afterHandshake],
  });
  return [
    ...(protocol === 'tcp' ? [] : [...httpCallers(policy).map(http), refuseRequests(number)]),
    ...(protocol === 'http' ? [] : [...tcpCallers(policy).map(tcp), refuseHandshake(number)]),
  ];
}

function placeOf({ name, address }: Callers): string {
  return address === undefined ? name : `${name} at ${address}`;
}

function meshConnection(
  port: number,
  protocol: string,
  callers?: Callers,
): NonNullable<FilterChainJson['filterChainMatch']> {
  const any = { destinationPort: port, transportProtocol: 'tls', applicationProtocols: [protocol] };
  if (callers === undefined) return any;
  const { name, address } = callers;
  return {
    ...any,
    serverNames: [name],
    ...(address !== undefined && { sourcePrefixRanges: [oneAddress(address)] }),
  };
}

/** Answers 403 to whoever has no chain; each connection once, so that the next one takes the caller's own if it has one by then. */
function refuseRequests(port: number): FilterChainJson {
  const { manager, ...rest } = inboundManager;
  const once = { ...manager, commonHttpProtocolOptions: { maxRequestsPerConnection: 1 } };
  return {
    name: `${port}/http`,
    filterChainMatch: meshConnection(port, alpn.http),
    transportSocket: downstreamTls('anybody'),
    filters: [httpManager(nothingOpen, { ...rest, manager: once })],
  };
}

/** Lets the handshake fail, which tells the caller's side more than a closed connection, and is logged. */
function refuseHandshake(port: number): FilterChainJson {
  return {
    name: `${port}/tcp`,
    filterChainMatch: meshConnection(port, alpn.tcp),
    transportSocket: downstreamTls([]),
    filters: [afterHandshake],
  };
}

/** Connects to the application only once the caller has proved who it is: a denied client sees no byte of a greeting. */
const afterHandshake: FilterJson = {
  name: 'envoy.filters.network.tcp_proxy',
  typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
    statPrefix: 'inbound',
    cluster: names.inboundCluster,
    upstreamConnectMode: 'ON_DOWNSTREAM_TLS_HANDSHAKE',
    maxEarlyDataBytes: 0,
  }),
};

const setPath = {
  append: { header: { key: pathHeader, value: '%PATH(NQ)%' }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' },
};

const factsFilter = 'heddle.facts';
const rbacFilter = 'envoy.filters.http.rbac';

const filters: readonly HttpFilterJson[] = [
  {
    name: factsFilter,
    typedConfig: typed('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
      mutations: { requestMutations: [setPath] },
    }),
  },
  // Rules without a policy deny: a route that brings none of its own opens nothing.
  {
    name: rbacFilter,
    typedConfig: typed('envoy.extensions.filters.http.rbac.v3.RBAC', { rules: { action: 'ALLOW' } }),
  },
];

const inboundManager = {
  statPrefix: 'inbound',
  filters,
  manager: { forwardClientCertDetails: 'SANITIZE_SET', setCurrentClientCertDetails: { uri: true } },
} as const;

/** Routes that lead on, but that no rule opens. */
const nothingOpen: RouteConfigurationJson = {
  name: 'closed',
  virtualHosts: [
    {
      name: 'closed',
      domains: ['*'],
      routes: [refuseTwoHosts, { match: { prefix: '/' }, route: { cluster: names.inboundCluster } }],
    },
  ],
};

function routesOf(workload: Workload, port: InboundPort): RouteConfigurationJson {
  const name = names.inboundRoutes(workload.key, port.number);
  return {
    name,
    requestHeadersToRemove: [pathHeader, ...(restrictsMethods(port.policy) ? methodOverrides : [])],
    virtualHosts: [
      {
        name,
        domains: ['*'],
        routes: [refuseTwoHosts, { match: { prefix: '/' }, route: { cluster: names.inboundCluster, timeout: '0s' } }],
        typedPerFilterConfig: {
          [rbacFilter]: rbacPerRoute(port.policy),
          ...(matchesAuthority(port.policy) && withAuthority),
        },
      },
    ],
    validateClusters: false,
  };
}

/** Kept from applications whose methods are restricted, in every spelling (T7). */
const methodOverrides = methodOverrideHeaders.flatMap(spellingsOf);

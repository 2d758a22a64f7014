import type { FilterChainJson, FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type {
  HttpConnectionManagerJson,
  HttpFilterJson,
} from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { methodOverrideHeaders, spellingsOf } from '../../model/http-route-match.ts';
import type { Origin } from '../../model/origin.ts';
import { type InboundPort, restrictsMethods, type Workload } from '../../model/workload.ts';
import { refusedConnections, takenBytes, takenRequests } from './access-log.ts';
import { withAuthority } from './authority.ts';
import { matchesAuthority, pathHeader, rbacPerRoute } from './authorization.ts';
import { oneAddress } from './cidr.ts';
import { handshakeLog } from './handshake-log.ts';
import { httpManager, refuseTwoHosts } from './http.ts';
import { alpn, inboundPort, names } from './names.ts';
import { listenerType, type ResourceGroup, routeType, type XdsResource } from './resource.ts';
import { tcpCallerSecrets, tcpCallersOf } from './tcp-callers.ts';
import { downstreamTls } from './tls.ts';
import { typed } from './typed.ts';

/**
 * A workload's inbound side, which its replicas share. Authorization of HTTP travels in the routes and that of TCP in
 * secrets, so a change of policy never touches the listener and drains nobody's connections.
 */
export function inboundOf(workload: Workload, trustBundle: string): ResourceGroup {
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
    if (port.protocol !== 'http') {
      const place = { workload: workload.key, port: port.number, trustBundle };
      const secrets = tcpCallerSecrets(tcpCallersOf(port.policy), place);
      resources.push(...secrets.map(secret => ({ ...secret, origins })));
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

/** One chain for each port and kind of mesh connection; whatever else comes is closed (T9). */
function listenerOf(workload: Workload): XdsResource {
  const name = names.inboundListener(workload.key);
  const value: ListenerJson = {
    name,
    address: { socketAddress: { address: '0.0.0.0', portValue: inboundPort } },
    trafficDirection: 'INBOUND',
    accessLog: [handshakeLog, refusedConnections(workload.key)],
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
  return { typeUrl: listenerType, name, value, origins: [] };
}

/** A listener needs a chain; this one matches no connection. */
const nothing: FilterChainJson = {
  name: 'none',
  filterChainMatch: { applicationProtocols: ['none'], transportProtocol: 'none' },
};

function chainsOf(workload: Workload, port: InboundPort): FilterChainJson[] {
  const chains: FilterChainJson[] = [];
  if (port.protocol !== 'tcp') {
    chains.push({
      name: `${port.number}/http`,
      filterChainMatch: meshConnection(port, alpn.http),
      transportSocket: downstreamTls(names.trustBundle),
      filters: [requests(workload, port)],
    });
  }
  if (port.protocol !== 'http') {
    chains.push(bytesChain(workload, port), ...podChains(workload, port));
  }
  return chains;
}

function bytesChain(workload: Workload, port: InboundPort): FilterChainJson {
  return {
    name: `${port.number}/tcp`,
    filterChainMatch: meshConnection(port, alpn.tcp),
    transportSocket: downstreamTls(names.tcpCallers(workload.key, port.number)),
    filters: [bytes(workload)],
  };
}

/**
 * One chain for each pod that labels pick (T11): its address is known before the handshake, when RBAC would come too late.
 * Envoy drains the chains of a listener one by one, so a pod that comes or goes ends no connection but its own.
 */
function podChains(workload: Workload, port: InboundPort): FilterChainJson[] {
  const bytes = bytesChain(workload, port);
  return [...tcpCallersOf(port.policy).pods].map(([address, identity]) => ({
    ...bytes,
    name: `${port.number}/tcp/${address}`,
    filterChainMatch: { ...bytes.filterChainMatch, sourcePrefixRanges: [oneAddress(address)] },
    transportSocket: downstreamTls(names.tcpPodCallers(workload.key, port.number, identity)),
  }));
}

function meshConnection(port: InboundPort, protocol: string): NonNullable<FilterChainJson['filterChainMatch']> {
  return { destinationPort: port.number, transportProtocol: 'tls', applicationProtocols: [protocol] };
}

/** Connects to the application only once the caller has proved who it is: a denied client sees no byte of a greeting. */
function bytes(workload: Workload): FilterJson {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      statPrefix: 'inbound',
      accessLog: [takenBytes(workload.key)],
      cluster: names.inboundCluster,
      upstreamConnectMode: 'ON_DOWNSTREAM_TLS_HANDSHAKE',
      maxEarlyDataBytes: 0,
    }),
  };
}

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

function requests(workload: Workload, port: InboundPort): FilterJson {
  const manager: HttpConnectionManagerJson = {
    accessLog: [takenRequests(workload.key)],
    forwardClientCertDetails: 'SANITIZE_SET',
    setCurrentClientCertDetails: { uri: true },
  };
  return httpManager(names.inboundRoutes(workload.key, port.number), { statPrefix: 'inbound', filters, manager });
}

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

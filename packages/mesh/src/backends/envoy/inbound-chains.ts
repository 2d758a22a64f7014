import type { FilterChainJson, FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { HttpConnectionManagerJson } from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { TcpProxyJson } from '@heddle/envoy-api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { InboundPort, Workload } from '../../model/workload.ts';
import { takenBytes, takenRequests } from './access-log.ts';
import { auditedConnections, auditedRequests, auditFilter } from './audit.ts';
import { oneAddress } from './cidr.ts';
import { httpManager } from './http.ts';
import { requestFilters } from './inbound-routes.ts';
import { alpn, names } from './names.ts';
import { tcpCallersOf } from './tcp-callers.ts';
import { downstreamTls } from './tls.ts';
import { typed } from './typed.ts';

/**
 * The filter chains of one port: one for each kind of mesh connection, which its ALPN names; where plain text gets in, others
 * for that. What none of them matches is closed before a byte passes in either direction (T9).
 */
export function chainsOf(workload: Workload, port: InboundPort): FilterChainJson[] {
  const chains: FilterChainJson[] = [];
  if (port.protocol !== 'tcp') {
    chains.push({
      name: `${port.number}/http`,
      filterChainMatch: meshConnection(port, alpn.http),
      transportSocket: downstreamTls(names.trustBundle),
      filters: [requests(workload, port)],
    });
  }
  if (port.protocol !== 'http') chains.push(bytesChain(workload, port), ...podChains(workload, port));
  return port.policy.plainText ? [...chains, ...plainChains(workload, port)] : chains;
}

function bytesChain(workload: Workload, port: InboundPort): FilterChainJson {
  return {
    name: `${port.number}/tcp`,
    filterChainMatch: meshConnection(port, alpn.tcp),
    transportSocket: downstreamTls(names.tcpCallers(workload.key, port.number)),
    filters: bytes(workload, names.audit(workload.key, port.number), afterHandshake),
  };
}

/**
 * One chain for each pod that labels pick (T11): its address is known before the handshake, when RBAC would come too late.
 * Envoy drains the chains of a listener one by one, so a pod that comes or goes ends no connection but its own.
 */
function podChains(workload: Workload, port: InboundPort): FilterChainJson[] {
  const chain = bytesChain(workload, port);
  return [...tcpCallersOf(port.policy).pods].map(([address, identity]) => ({
    ...chain,
    name: `${port.number}/tcp/${address}`,
    filterChainMatch: { ...chain.filterChainMatch, sourcePrefixRanges: [oneAddress(address)] },
    transportSocket: downstreamTls(names.tcpPodCallers(workload.key, port.number, identity)),
    filters: bytes(workload, names.podAudit(workload.key, port.number, identity), afterHandshake),
  }));
}

/** Plain text, and TLS that is not the mesh's and so the application's own (I2): nobody knows who sends it. */
function plainChains(workload: Workload, port: InboundPort): FilterChainJson[] {
  const match = (transportProtocol: string) => ({ destinationPort: port.number, transportProtocol });
  const passedOn = bytes(workload, names.audit(workload.key, port.number), {});
  const chains: FilterChainJson[] = [
    { name: `${port.number}/tls`, filterChainMatch: match('tls'), filters: passedOn },
    {
      name: `${port.number}/plain`,
      filterChainMatch: match('raw_buffer'),
      filters: port.protocol === 'http' ? [requests(workload, port)] : passedOn,
    },
  ];
  if (port.protocol !== 'detect') return chains;
  const detected = { ...match('raw_buffer'), applicationProtocols: ['http/1.0', 'http/1.1', 'h2c'] };
  const name = `${port.number}/plain-http`;
  return [...chains, { name, filterChainMatch: detected, filters: [requests(workload, port)] }];
}

function meshConnection(port: InboundPort, protocol: string): NonNullable<FilterChainJson['filterChainMatch']> {
  return { destinationPort: port.number, transportProtocol: 'tls', applicationProtocols: [protocol] };
}

function requests(workload: Workload, port: InboundPort): FilterJson {
  const routes = names.inboundRoutes(workload.key, port.number);
  const manager: HttpConnectionManagerJson = {
    forwardClientCertDetails: 'SANITIZE_SET',
    setCurrentClientCertDetails: { uri: true },
    accessLog: [...auditedRequests, takenRequests(workload.key)],
  };
  return httpManager(routes, { statPrefix: 'inbound', filters: requestFilters, manager });
}

/** Connects to the application only once the caller has proved who it is: a denied client sees no byte of a greeting. */
const afterHandshake: TcpProxyJson = { upstreamConnectMode: 'ON_DOWNSTREAM_TLS_HANDSHAKE', maxEarlyDataBytes: 0 };

function bytes(workload: Workload, audit: string, options: TcpProxyJson): FilterJson[] {
  const proxy: TcpProxyJson = {
    statPrefix: 'inbound',
    cluster: names.inboundCluster,
    ...options,
    accessLog: [...auditedConnections, takenBytes(workload.key)],
    accessLogOptions: { flushAccessLogOnConnected: true },
  };
  return [
    auditFilter(audit),
    {
      name: 'envoy.filters.network.tcp_proxy',
      typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', proxy),
    },
  ];
}

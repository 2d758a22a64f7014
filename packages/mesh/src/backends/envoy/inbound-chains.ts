import type { FilterChainJson, FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { RouteConfigurationJson } from '@heddle/envoy-api/envoy/config/route/v3/route_pb';
import type { HttpConnectionManagerJson } from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { TcpProxyJson } from '@heddle/envoy-api/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb';
import type { InboundPort, Workload } from '../../model/workload.ts';
import { takenBytes, takenRequests } from './access-log.ts';
import { auditedConnections, auditedRequests, auditFilter } from './audit.ts';
import { bytesCallers, type Callers, requestCallers } from './callers.ts';
import { oneAddress } from './cidr.ts';
import { httpManager } from './http.ts';
import { nothingOpen, requestFilters } from './inbound-routes.ts';
import { alpn, names } from './names.ts';
import { downstreamTls } from './tls.ts';
import { typed } from './typed.ts';

/**
 * The filter chains of one port. For each kind of mesh connection, which its ALPN names, every caller whom policy lets in has
 * its own, which the name in its handshake picks and which takes nobody else's certificate; one more takes everybody else, to
 * refuse them where policy is enforced. Where plain text gets in, others are for that. What none of them matches is closed
 * before a byte passes in either direction (T9).
 *
 * A chain goes with what its caller may send: a connection that is open then ends, gracefully where it speaks HTTP and within
 * the drain time anyhow, and no other does (T12). A caller of whom labels pick some pods has one for each of these (T11).
 */
export function chainsOf(workload: Workload, port: InboundPort): FilterChainJson[] {
  const { protocol, policy } = port;
  const kinds = [
    ...(protocol === 'tcp' ? [] : [requestKind(workload, port)]),
    ...(protocol === 'http' ? [] : [bytesKind(workload, port)]),
  ];
  const known = new Set(kinds.flatMap(({ callers }) => callers.flatMap(({ names: own }) => own)));
  const chains = kinds.flatMap(kind => chainsOfKind(kind, port.number, known));
  return policy.plainText ? [...chains, ...plainChains(workload, port)] : chains;
}

/** Whether connections of bytes get in of which it is not known that a TrafficTarget lets them. */
export function takesUnknownBytes({ protocol, policy }: InboundPort): boolean {
  return policy.plainText || (protocol !== 'http' && policy.mode !== 'enforce');
}

/** One kind of connection: what becomes of it if its caller has a chain, and if not. */
interface Kind {
  readonly name: 'http' | 'tcp';
  readonly callers: readonly Callers[];
  readonly filters: readonly FilterJson[];
  readonly otherwise: { readonly callers: 'anybody' | 'nobody'; readonly filters: readonly FilterJson[] };
}

/** Whoever has no chain gets 403, on each connection once, so that the next one takes the caller's own if it has one by then. */
function requestKind(workload: Workload, port: InboundPort): Kind {
  const filters = [requests(workload, names.inboundRoutes(workload.key, port.number))];
  const refusal = [requests(workload, nothingOpen, { commonHttpProtocolOptions: { maxRequestsPerConnection: 1 } })];
  return {
    name: 'http',
    callers: requestCallers(port.policy),
    filters,
    otherwise: { callers: 'anybody', filters: port.policy.mode === 'enforce' ? refusal : filters },
  };
}

/** Whoever has no chain fails in the handshake, which tells more than a closed connection, and is logged. */
function bytesKind(workload: Workload, port: InboundPort): Kind {
  const filters = [bytes(workload, afterHandshake)];
  const audited = [auditFilter(names.audit(workload.key, port.number)), ...filters];
  return {
    name: 'tcp',
    callers: bytesCallers(port.policy),
    filters,
    otherwise:
      port.policy.mode === 'enforce' ? { callers: 'nobody', filters } : { callers: 'anybody', filters: audited },
  };
}

/** Envoy doesn't look elsewhere once a name fits: callers that are known have a chain for what else they do, too. */
function chainsOfKind(kind: Kind, port: number, known: ReadonlySet<string>): FilterChainJson[] {
  const { name: kindName, callers, otherwise } = kind;
  const match = { destinationPort: port, transportProtocol: 'tls', applicationProtocols: [alpn[kindName]] };
  const name = `${port}/${kindName}`;
  const covered = new Set(callers.flatMap(({ names: own, addresses }) => (addresses === undefined ? own : [])));
  const uncovered = [...known].filter(caller => !covered.has(caller)).toSorted();
  const anybody = { transportSocket: downstreamTls(otherwise.callers), filters: [...otherwise.filters] };
  return [
    ...callers.map(({ title, names: own, addresses, identities }) => ({
      name: `${name}/${title}`,
      filterChainMatch: {
        ...match,
        serverNames: [...own],
        ...(addresses !== undefined && { sourcePrefixRanges: addresses.map(oneAddress) }),
      },
      transportSocket: downstreamTls(identities),
      filters: [...kind.filters],
    })),
    ...(uncovered.length === 0
      ? []
      : [{ name: `${name}/others`, filterChainMatch: { ...match, serverNames: uncovered }, ...anybody }]),
    { name, filterChainMatch: match, ...anybody },
  ];
}

/** Plain text, and TLS that is not the mesh's and so the application's own (I2): nobody knows who sends it. */
function plainChains(workload: Workload, port: InboundPort): FilterChainJson[] {
  const match = (transportProtocol: string) => ({ destinationPort: port.number, transportProtocol });
  const routes = names.inboundRoutes(workload.key, port.number);
  const passedOn = [auditFilter(names.audit(workload.key, port.number)), bytes(workload, {})];
  const chains: FilterChainJson[] = [
    { name: `${port.number}/tls`, filterChainMatch: match('tls'), filters: passedOn },
    {
      name: `${port.number}/plain`,
      filterChainMatch: match('raw_buffer'),
      filters: port.protocol === 'http' ? [requests(workload, routes)] : passedOn,
    },
  ];
  if (port.protocol !== 'detect') return chains;
  const detected = { ...match('raw_buffer'), applicationProtocols: ['http/1.0', 'http/1.1', 'h2c'] };
  const name = `${port.number}/plain-http`;
  return [...chains, { name, filterChainMatch: detected, filters: [requests(workload, routes)] }];
}

function requests(
  workload: Workload,
  routes: string | RouteConfigurationJson,
  more: HttpConnectionManagerJson = {},
): FilterJson {
  const manager: HttpConnectionManagerJson = {
    forwardClientCertDetails: 'SANITIZE_SET',
    setCurrentClientCertDetails: { uri: true },
    accessLog: [...auditedRequests, takenRequests(workload.key)],
    ...more,
  };
  return httpManager(routes, { statPrefix: 'inbound', filters: requestFilters, manager });
}

/** Connects to the application only once the caller has proved who it is: a denied client sees no byte of a greeting. */
const afterHandshake: TcpProxyJson = { upstreamConnectMode: 'ON_DOWNSTREAM_TLS_HANDSHAKE', maxEarlyDataBytes: 0 };

function bytes(workload: Workload, options: TcpProxyJson): FilterJson {
  const proxy: TcpProxyJson = {
    statPrefix: 'inbound',
    cluster: names.inboundCluster,
    ...options,
    accessLog: [...auditedConnections, takenBytes(workload.key)],
    accessLogOptions: { flushAccessLogOnConnected: true },
  };
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', proxy),
  };
}

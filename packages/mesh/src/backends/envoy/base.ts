import type { AccessLogJson } from '@heddle/envoy-api/envoy/config/accesslog/v3/accesslog_pb';
import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { FilterChainJson, FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { Modes } from '../../model/modes.ts';
import type { MeshSettings } from '../../model/settings.ts';
import { sentBytes } from './access-log.ts';
import { cidr } from './cidr.ts';
import { refusingManager, sameProtocol } from './http.ts';
import { names, outboundPort } from './names.ts';
import { unbounded } from './resilience.ts';
import { clusterType, listenerType, type ResourceGroup, type XdsResource } from './resource.ts';
import type { StrayAddresses } from './stray-addresses.ts';
import { typed } from './typed.ts';

/** What the way out of a sidecar depends on. */
export interface WayOut {
  readonly serviceRanges: MeshSettings['serviceRanges'];
  /** Whether its workload may leave the mesh (H4). */
  readonly egress: Modes['egress'];
  /** Addresses of the mesh outside the ranges that Services have theirs from. */
  readonly strays: StrayAddresses;
}

/** What every sidecar has, whatever policy says: the way out, the way to its own application, and a refusal. */
export function baseGroup(wayOut: WayOut): ResourceGroup {
  return {
    resources: [
      resource(listenerType, names.outboundListener, outboundListener(wayOut)),
      resource(clusterType, names.inboundCluster, {
        ...originalDestination(names.inboundCluster),
        upstreamBindConfig: unmarked,
        circuitBreakers: unbounded,
      }),
      // Envoy's own bound of 1,024 connections ends the loop of an application that connects to the sidecar's way out.
      resource(clusterType, names.egressCluster, originalDestination(names.egressCluster)),
    ],
  };
}

function resource(typeUrl: string, name: string, value: object): XdsResource {
  return { typeUrl, name, value, origins: [] };
}

/**
 * Takes every connection of the application and hands it to the listener of the address that it was made to. An address
 * of a Service without one is a Service, or a port of one, that policy hides, as is a port of a pod that a headless Service
 * shows: 403. Everything else is outside the mesh (H4, H6). Envoy updates the chains of a listener in place: connections that
 * left by the other chain stay.
 */
function outboundListener({ serviceRanges, egress, strays }: WayOut): ListenerJson {
  const listener: ListenerJson = {
    name: names.outboundListener,
    address: { socketAddress: { address: '0.0.0.0', portValue: outboundPort } },
    trafficDirection: 'OUTBOUND',
    useOriginalDst: true,
  };
  if (egress === 'deny')
    return { ...listener, defaultFilterChain: { name: 'closed', filters: [refusingManager(closed)] } };
  const { services, pods } = strays;
  const always = [...serviceRanges, ...services];
  return {
    ...listener,
    // Envoy looks at chains of a port before it looks at any address: on such a port only they count.
    filterChains: [refusal(always), ...[...pods].map(([port, own]) => refusal([...always, ...own], port))],
    defaultFilterChain: { name: 'egress', filters: [tcpProxy(names.egressCluster, [sentBytes('outside the mesh')])] },
  };
}

function refusal(addresses: readonly string[], port?: number): FilterChainJson {
  return {
    name: port === undefined ? 'hidden' : `hidden/${port}`,
    filterChainMatch: { ...(port !== undefined && { destinationPort: port }), prefixRanges: addresses.map(cidr) },
    filters: [refusingManager(hiddenBody)],
  };
}

const hiddenBody = 'heddle: no TrafficTarget lets this workload call that address\n';
const closed = 'heddle: no TrafficTarget lets this workload call that address, and no call may leave the mesh\n';

/** Connects to the address that the connection was made to; no header can change it (H5). */
function originalDestination(name: string): ClusterJson {
  return {
    name,
    type: 'ORIGINAL_DST',
    lbPolicy: 'CLUSTER_PROVIDED',
    connectTimeout: '5s',
    typedExtensionProtocolOptions: sameProtocol,
  };
}

/**
 * Options of its own, which change nothing, keep the mark of the sidecar's connections to others away from those to the
 * application: interception tells by it that a call leads back to the caller's own pod. TCP_NODELAY is what Envoy sets anyway.
 */
const unmarked: NonNullable<ClusterJson['upstreamBindConfig']> = {
  socketOptions: [{ description: 'TCP_NODELAY', level: '6', name: '1', intValue: '1', state: 'STATE_PREBIND' }],
};

/** Passes bytes on to a cluster. */
export function tcpProxy(cluster: string, accessLog: readonly AccessLogJson[]): FilterJson {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      statPrefix: 'tcp',
      cluster,
      accessLog: [...accessLog],
    }),
  };
}

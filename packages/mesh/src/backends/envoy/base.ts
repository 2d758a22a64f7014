import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { CidrRangeJson } from '@heddle/envoy-api/envoy/config/core/v3/address_pb';
import type { FilterJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { MeshSettings } from '../../model/settings.ts';
import { refusingManager, sameProtocol } from './http.ts';
import { names, outboundPort } from './names.ts';
import { clusterType, listenerType, type ResourceGroup } from './resource.ts';
import { typed } from './typed.ts';

/** What every sidecar has, whatever policy says: the way out, the way to its own application, and a refusal. */
export function baseGroup(settings: MeshSettings): ResourceGroup {
  return {
    resources: [
      { typeUrl: listenerType, name: names.outboundListener, value: outboundListener(settings), origins: [] },
      {
        typeUrl: clusterType,
        name: names.inboundCluster,
        value: originalDestination(names.inboundCluster),
        origins: [],
      },
      { typeUrl: clusterType, name: names.egressCluster, value: originalDestination(names.egressCluster), origins: [] },
    ],
  };
}

/**
 * Takes every connection of the application and hands it to the listener of the address that it was made to. An address
 * of a Service without one is a Service that policy hides: 403. Everything else is outside the mesh (H4, H6).
 */
function outboundListener(settings: MeshSettings): ListenerJson {
  const hidden = {
    name: 'hidden',
    filterChainMatch: { prefixRanges: settings.serviceRanges.map(cidr) },
    filters: [refusingManager()],
  };
  return {
    name: names.outboundListener,
    address: { socketAddress: { address: '0.0.0.0', portValue: outboundPort } },
    trafficDirection: 'OUTBOUND',
    useOriginalDst: true,
    filterChains: [hidden],
    ...(settings.egress === 'allow' && {
      defaultFilterChain: { name: 'egress', filters: [tcpProxy(names.egressCluster)] },
    }),
  };
}

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

/** Passes bytes on to a cluster. */
export function tcpProxy(cluster: string): FilterJson {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typedConfig: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', { statPrefix: 'tcp', cluster }),
  };
}

function cidr(range: string): CidrRangeJson {
  const [addressPrefix = '', length = '32'] = range.split('/');
  return { addressPrefix, prefixLen: Number(length) };
}

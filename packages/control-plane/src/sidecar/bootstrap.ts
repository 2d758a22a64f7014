/** The bootstrap of a sidecar: options in, Envoy's bootstrap as proto3 JSON out. Pure. */
import type { BootstrapJson } from '@heddle/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { AddressJson, BindConfigJson } from '@heddle/envoy-api/envoy/config/core/v3/address_pb';
import type { ConfigSourceJson } from '@heddle/envoy-api/envoy/config/core/v3/config_source_pb';
import type { HttpProtocolOptionsJson } from '@heddle/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';

/** Name of the cluster over which a sidecar talks to the control plane. */
export const xdsClusterName = 'xds';

/** What differs between sidecars. */
export interface BootstrapOptions {
  /** `sidecar~<pod IP>~<pod>.<namespace>~<anything>`. */
  readonly nodeId: string;
  /** Envoy's `node.cluster`; names the workload in its logs and statistics. */
  readonly nodeCluster: string;
  /** What its connections give as their caller's name; destinations know callers by it, and let no other in. */
  readonly caller: string;
  readonly admin: SidecarAddress;
  /** Where the control plane is, as the sidecar sees it. */
  readonly xds: SidecarAddress;
  /** SO_MARK of the sidecar's own connections; none where interception knows them by user id, or does not exist. */
  readonly mark?: number | undefined;
  /** Connections from all clients together, above which new ones are refused; default 50,000. */
  readonly maxDownstreamConnections?: number;
  /** Upper bound of the size of a compiled regular expression; default 100,000: its sources are bounded before. */
  readonly maxRegexProgramSize?: number;
}

/** A Unix socket, or a TCP address. */
export type SidecarAddress = { readonly pipe: string } | { readonly address: string; readonly port: number };

/** `<node id>` of a pod's sidecar, which tells the control plane what to serve. */
export function sidecarNodeId(pod: { readonly ip: string; readonly name: string; readonly namespace: string }): string {
  return `sidecar~${pod.ip}~${pod.name}.${pod.namespace}~local`;
}

/** Renders a sidecar's bootstrap: everything else comes by delta ADS. */
export function sidecarBootstrap(options: BootstrapOptions): BootstrapJson {
  const bind = options.mark === undefined ? {} : { upstreamBindConfig: markedBind(options.mark) };
  return {
    node: { id: options.nodeId, cluster: options.nodeCluster, metadata: { caller: options.caller } },
    admin: { address: address(options.admin) },
    dynamicResources: {
      adsConfig: {
        apiType: 'DELTA_GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: xdsClusterName, retryPolicy: { retryBackOff: reconnect } } }],
        setNodeOnFirstMessageOnly: true,
      },
      ldsConfig: ads,
      cdsConfig: ads,
    },
    staticResources: { clusters: [xdsCluster(options.xds)] },
    clusterManager: bind,
    layeredRuntime: { layers: [{ name: 'static', staticLayer: staticRuntime(options) }] },
    overloadManager: overloadLimits(options.maxDownstreamConnections ?? 50_000),
    statsConfig: { statsMatcher: { inclusionList: { patterns: keptStatistics.map(prefix => ({ prefix })) } } },
  };
}

const ads: ConfigSourceJson = { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' };

/** Envoy waits up to 30 s by default: longer than a control plane takes to start, and edits with it. */
const reconnect = { baseInterval: '0.2s', maxInterval: '2s' };

/** Statistics are the larger half of a sidecar's memory: only what is shown or scraped is kept. */
const keptStatistics = [
  'cluster_manager.',
  'control_plane.',
  'listener_manager.',
  'server.',
  'http.inbound.',
  'http.outbound.',
];

const http2: HttpProtocolOptionsJson = {
  explicitHttpConfig: { http2ProtocolOptions: { connectionKeepalive: { interval: '30s', timeout: '5s' } } },
};

function xdsCluster(xds: SidecarAddress): ClusterJson {
  return {
    name: xdsClusterName,
    type: 'STATIC',
    connectTimeout: '1s',
    // Without keep-alive a control plane that vanished without closing would be noticed after minutes.
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        ...http2,
      },
    },
    loadAssignment: {
      clusterName: xdsClusterName,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: address(xds) } }] }],
    },
  };
}

function address(at: SidecarAddress): AddressJson {
  if ('pipe' in at) return { pipe: { path: at.pipe } };
  return { socketAddress: { address: at.address, portValue: at.port } };
}

const solSocket = 1;
const soMark = 36;

function markedBind(mark: number): BindConfigJson {
  return {
    socketOptions: [
      {
        description: 'SO_MARK',
        level: String(solSocket),
        name: String(soMark),
        intValue: String(mark),
        state: 'STATE_PREBIND',
      },
    ],
  };
}

/**
 * Repeated headers are joined before they are matched, in routes and in authorization alike: Envoy's default matches each
 * value alone, and one that fits is enough. Envoy's own bound of 100 regular expression instructions refuses most policies.
 */
export function staticRuntime(
  options: Pick<BootstrapOptions, 'maxRegexProgramSize'> = {},
): Record<string, number | boolean> {
  return {
    're2.max_program_size.error_level': options.maxRegexProgramSize ?? 100_000,
    're2.max_program_size.warn_level': options.maxRegexProgramSize ?? 100_000,
    'envoy.reloadable_features.rbac_match_headers_individually': false,
    'envoy.reloadable_features.match_headers_individually': false,
  };
}

function overloadLimits(maxDownstreamConnections: number): NonNullable<BootstrapJson['overloadManager']> {
  const limit: { readonly maxActiveDownstreamConnections: string } = {
    maxActiveDownstreamConnections: String(maxDownstreamConnections),
  };
  return {
    resourceMonitors: [
      {
        name: 'envoy.resource_monitors.global_downstream_max_connections',
        typedConfig: {
          '@type':
            'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
          ...limit,
        },
      },
    ],
  };
}

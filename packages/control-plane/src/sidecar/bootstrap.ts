/** The bootstrap of a sidecar: options in, Envoy's bootstrap as proto3 JSON out. Pure. */
import { isIP } from 'node:net';
import type { BootstrapJson } from '@heddle/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { AddressJson, BindConfigJson } from '@heddle/envoy-api/envoy/config/core/v3/address_pb';
import type { ConfigSourceJson } from '@heddle/envoy-api/envoy/config/core/v3/config_source_pb';
import type { HttpFilterJson } from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { UpstreamTlsContextJson } from '@heddle/envoy-api/envoy/extensions/transport_sockets/tls/v3/tls_pb';
import type { HttpProtocolOptionsJson } from '@heddle/envoy-api/envoy/extensions/upstreams/http/v3/http_protocol_options_pb';
import type { StringMatcherJson } from '@heddle/envoy-api/envoy/type/matcher/v3/string_pb';
import { tcpProbePrefix } from './own-listeners.ts';
import { typed } from './typed.ts';

/** Name of the cluster over which a sidecar talks to the control plane. */
export const xdsClusterName = 'xds';

/** Name of the runtime values that the control plane sends: what changes without touching anything else. */
const meshRuntime = 'heddle';

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
  /** How both prove who they are; absent where the way alone proves it. */
  readonly xdsSecurity?: XdsSecurity;
  /** What the sidecar has without the control plane. */
  readonly statics?: Pick<NonNullable<BootstrapJson['staticResources']>, 'listeners' | 'clusters'>;
  /** SO_MARK of the sidecar's own connections; none where interception knows them by user id, or does not exist. */
  readonly mark?: number | undefined;
  /** Connections from all clients together, above which new ones are refused; default 50,000. */
  readonly maxDownstreamConnections?: number;
  /** Upper bound of the size of a compiled regular expression; default 100,000: its sources are bounded before. */
  readonly maxRegexProgramSize?: number;
}

/** TLS to the control plane, and the token that the sidecar shows; both from files that Envoy reads again when they change. */
export interface XdsSecurity {
  /** The DNS name in the control plane's certificate. */
  readonly serverName: string;
  /** An SDS file with the validation context `trust-bundle`. */
  readonly trustFile: string;
  /** An SDS file with the generic secret `token`. */
  readonly tokenFile: string;
}

/** A Unix socket, or a TCP address, by DNS name too. */
export type SidecarAddress = { readonly pipe: string } | { readonly address: string; readonly port: number };

/** `<node id>` of a pod's sidecar, which tells the control plane what to serve. */
export function sidecarNodeId(pod: { readonly ip: string; readonly name: string; readonly namespace: string }): string {
  return `sidecar~${pod.ip}~${pod.name}.${pod.namespace}~local`;
}

/** Renders a sidecar's bootstrap: everything else comes by delta ADS. */
export function sidecarBootstrap(options: BootstrapOptions): BootstrapJson {
  const { clusters = [], ...statics } = options.statics ?? {};
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
    staticResources: { ...statics, clusters: [xdsCluster(options), ...clusters] },
    clusterManager: bind,
    layeredRuntime: {
      layers: [
        { name: 'static', staticLayer: staticRuntime(options) },
        { name: 'mesh', rtdsLayer: { name: meshRuntime, rtdsConfig: ads } },
      ],
    },
    overloadManager: overloadLimits(options.maxDownstreamConnections ?? 50_000),
    statsConfig: { statsMatcher: { inclusionList: { patterns: [...keptStatistics] } } },
  };
}

const ofRequests = 'upstream_rq_(total|[1-5]xx|time|retry|pending_overflow)';

const ofService = [
  ofRequests,
  'upstream_cx_(total|active|connect_fail|overflow|[rt]x_bytes_total)',
  String.raw`outlier_detection\.ejections_(active|enforced_total)`,
];

const ads: ConfigSourceJson = { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' };

/** Envoy waits up to 30 s by default: longer than a control plane takes to start, and edits with it. */
const reconnect = { baseInterval: '0.2s', maxInterval: '2s' };

/**
 * Statistics are the larger half of a sidecar's memory: of 170 for each Service that it may call only those are kept that
 * tell how calls go. The first of these is the whole sidecar's: its configuration, its requests, its memory.
 */
const keptStatistics: readonly StringMatcherJson[] = [
  ...[
    'cluster_manager.',
    'control_plane.',
    'listener_manager.',
    'server.',
    'http.inbound.',
    'http.outbound.',
    'tcp.inbound.',
    // Answers to TCP probes are made from these.
    `cluster.${tcpProbePrefix}`,
  ].map(prefix => ({ prefix })),
  // Of each Service: how many calls, how they ended, how long they took; what was left out or beyond a limit.
  { safeRegex: { regex: String.raw`cluster\.outbound/.*\.(${ofService.join('|')})` } },
  // Of each route that a ServiceProfile names: the same of its requests.
  { safeRegex: { regex: String.raw`vhost\.outbound/.*\.route\..*\.${ofRequests}` } },
];

const http2: HttpProtocolOptionsJson = {
  explicitHttpConfig: { http2ProtocolOptions: { connectionKeepalive: { interval: '30s', timeout: '5s' } } },
};

function xdsCluster({ xds, xdsSecurity }: BootstrapOptions): ClusterJson {
  const isNamed = 'address' in xds && isIP(xds.address) === 0;
  return {
    name: xdsClusterName,
    type: isNamed ? 'STRICT_DNS' : 'STATIC',
    connectTimeout: '1s',
    // Without keep-alive a control plane that vanished without closing would be noticed after minutes.
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        { ...http2, ...(xdsSecurity !== undefined && { httpFilters: [tokenFilter(xdsSecurity), upstreamCodec] }) },
      ),
    },
    ...(xdsSecurity !== undefined && { transportSocket: xdsTls(xdsSecurity) }),
    loadAssignment: {
      clusterName: xdsClusterName,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: address(xds) } }] }],
    },
  };
}

/** What the SDS files of {@link XdsSecurity} call what they hold. */
export const xdsSecretNames = { token: 'token', trust: 'trust-bundle' } as const;

function fileSource(path: string): ConfigSourceJson {
  return { pathConfigSource: { path }, resourceApiVersion: 'V3' };
}

/** Puts the token on every request; a file that is exchanged counts from the next stream on. */
function tokenFilter({ tokenFile }: XdsSecurity): HttpFilterJson {
  return {
    name: 'envoy.filters.http.credential_injector',
    typedConfig: typed('envoy.extensions.filters.http.credential_injector.v3.CredentialInjector', {
      credential: {
        name: 'envoy.http.injected_credentials.generic',
        typedConfig: typed('envoy.extensions.http.injected_credentials.generic.v3.Generic', {
          credential: { name: xdsSecretNames.token, sdsConfig: fileSource(tokenFile) },
          headerValuePrefix: 'Bearer ',
        }),
      },
    }),
  };
}

const upstreamCodec: HttpFilterJson = {
  name: 'envoy.filters.http.upstream_codec',
  typedConfig: typed('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec', {}),
};

function xdsTls({ serverName, trustFile }: XdsSecurity): NonNullable<ClusterJson['transportSocket']> {
  const tls: UpstreamTlsContextJson = {
    sni: serverName,
    commonTlsContext: {
      tlsParams: { tlsMinimumProtocolVersion: 'TLSv1_3', tlsMaximumProtocolVersion: 'TLSv1_3' },
      alpnProtocols: ['h2'],
      combinedValidationContext: {
        // A workload's certificate is signed by the same root, and has no such name.
        defaultValidationContext: {
          matchTypedSubjectAltNames: [{ sanType: 'DNS', matcher: { exact: serverName } }],
        },
        validationContextSdsSecretConfig: { name: xdsSecretNames.trust, sdsConfig: fileSource(trustFile) },
      },
    },
  };
  return {
    name: 'envoy.transport_sockets.tls',
    typedConfig: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', { ...tls }),
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
        typedConfig: typed('envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig', {
          ...limit,
        }),
      },
    ],
  };
}

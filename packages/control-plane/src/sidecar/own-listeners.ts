/**
 * What a sidecar on Kubernetes answers by itself, for kubelet and for who scrapes it: probes of its pod, whether it is ready,
 * and its statistics (T13). Options in, listeners and clusters of its bootstrap out. Pure.
 *
 * They must work without an identity, and before the control plane has said anything. So each answers one method and path only,
 * and a probe's answer is its status, without headers and body of the application.
 */
import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { AddressJson } from '@heddle/envoy-api/envoy/config/core/v3/address_pb';
import type { ListenerJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_pb';
import type { RouteJson } from '@heddle/envoy-api/envoy/config/route/v3/route_components_pb';
import type {
  HttpConnectionManagerJson,
  HttpFilterJson,
} from '@heddle/envoy-api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { typed } from './typed.ts';

/** Ports of a sidecar that nothing leads around: the pod's own programs can't have them. */
export const ownPorts = { probes: 15_901, ready: 15_021, metrics: 15_090, firstGrpcProbe: 15_910 } as const;

/** A probe of the pod as kubelet asks the sidecar for it. */
export type OwnProbe =
  /** `path` is what the sidecar is asked for, `target` what it asks the application for. */
  | { readonly kind: 'http' | 'https'; readonly path: string; readonly target: string; readonly port: number }
  /** Well as long as the port takes connections. */
  | { readonly kind: 'tcp'; readonly path: string; readonly port: number }
  /** On a port of its own, since a gRPC probe has no path. */
  | { readonly kind: 'grpc'; readonly listen: number; readonly port: number };

/** What is listened on, and where the application is. */
export interface OwnListenersOptions {
  /** The pod's address: what is on loopback only can't be probed from outside either. */
  readonly address: string;
  readonly admin: { readonly pipe: string };
  readonly probes: readonly OwnProbe[];
}

/** Renders them. */
export function ownListeners(options: OwnListenersOptions): {
  readonly listeners: ListenerJson[];
  readonly clusters: ClusterJson[];
} {
  const { address, admin, probes } = options;
  const http = probes.filter(probe => probe.kind !== 'grpc');
  const listen = (name: string, port: number, routes: readonly RouteJson[], filters: readonly HttpFilterJson[] = []) =>
    listenerOf(name, socket(address, port), { routes, filters });
  const listeners = [
    listen('heddle/ready', ownPorts.ready, [getRoute('/ready', adminCluster)]),
    listen('heddle/metrics', ownPorts.metrics, [getRoute('/stats/prometheus', adminCluster)]),
    ...(http.length === 0
      ? []
      : [listen('heddle/probes', ownPorts.probes, http.flatMap(probeRoute), [...http.flatMap(tcpAnswer), statusOnly])]),
    ...probes.flatMap(probe =>
      probe.kind === 'grpc' ? [listen(`heddle/grpc/${probe.port}`, probe.listen, [grpcRoute(probe.port)])] : [],
    ),
  ];
  const clusters = new Map(probes.map(probe => [clusterName(probe), clusterOf(probe, address)]));
  return { listeners, clusters: [adminClusterOf(admin), ...clusters.values()] };
}

/** What the names of clusters begin with that show whether a port takes connections. */
export const tcpProbePrefix = 'heddle/tcp/';

const adminCluster = 'heddle/admin';

function adminClusterOf({ pipe }: { readonly pipe: string }): ClusterJson {
  return staticCluster(adminCluster, { pipe: { path: pipe } });
}

function clusterName({ kind, port }: OwnProbe): string {
  if (kind === 'tcp') return `${tcpProbePrefix}${port}`;
  return `heddle/${kind}/${port}`;
}

function clusterOf(probe: OwnProbe, address: string): ClusterJson {
  const cluster = staticCluster(clusterName(probe), socket(address, probe.port));
  if (probe.kind === 'https') return { ...cluster, transportSocket: anyTls };
  if (probe.kind === 'grpc') return { ...cluster, typedExtensionProtocolOptions: http2 };
  return probe.kind === 'tcp' ? { ...cluster, healthChecks: [everySecond] } : cluster;
}

function staticCluster(name: string, address: AddressJson): ClusterJson {
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] },
  };
}

/** Kubelet doesn't verify certificates of probes either. */
const anyTls: NonNullable<ClusterJson['transportSocket']> = {
  name: 'envoy.transport_sockets.tls',
  typedConfig: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    commonTlsContext: { tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' } },
  }),
};

const http2: NonNullable<ClusterJson['typedExtensionProtocolOptions']> = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': typed(
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    { explicitHttpConfig: { http2ProtocolOptions: {} } },
  ),
};

const everySecond: NonNullable<ClusterJson['healthChecks']>[number] = {
  timeout: '1s',
  interval: '1s',
  noTrafficInterval: '1s',
  noTrafficHealthyInterval: '1s',
  healthyThreshold: 1,
  unhealthyThreshold: 1,
  tcpHealthCheck: {},
};

function getRoute(path: string, cluster: string, target?: string): RouteJson {
  return {
    match: { path, headers: [{ name: ':method', stringMatch: { exact: 'GET' } }] },
    // Who probes has a time limit of its own.
    route: { cluster, timeout: '0s', ...(target !== undefined && { prefixRewrite: target }) },
  };
}

function probeRoute(probe: OwnProbe): RouteJson[] {
  if (probe.kind !== 'http' && probe.kind !== 'https') return [];
  return [getRoute(probe.path, clusterName(probe), probe.target)];
}

function grpcRoute(port: number): RouteJson {
  return {
    match: { path: '/grpc.health.v1.Health/Check', headers: [{ name: ':method', stringMatch: { exact: 'POST' } }] },
    route: { cluster: clusterName({ kind: 'grpc', listen: 0, port }), timeout: '0s' },
  };
}

/** Answers with what the health check of the port's cluster last found: Envoy's own connection would prove nothing. */
function tcpAnswer(probe: OwnProbe): HttpFilterJson[] {
  if (probe.kind !== 'tcp') return [];
  return [
    {
      name: 'envoy.filters.http.health_check',
      typedConfig: typed('envoy.extensions.filters.http.health_check.v3.HealthCheck', {
        passThroughMode: false,
        clusterMinHealthyPercentages: { [clusterName(probe)]: { value: 100 } },
        headers: [{ name: ':path', stringMatch: { exact: probe.path } }],
      }),
    },
  ];
}

const statusOnly: HttpFilterJson = {
  name: 'envoy.filters.http.lua',
  typedConfig: typed('envoy.extensions.filters.http.lua.v3.Lua', {
    defaultSourceCode: {
      inlineString: `function envoy_on_response(answer)
  local names = {}
  for name in pairs(answer:headers()) do
    if name ~= ":status" then names[#names + 1] = name end
  end
  for _, name in ipairs(names) do answer:headers():remove(name) end
  answer:body(true):setBytes("")
end
`,
    },
  }),
};

function listenerOf(
  name: string,
  address: AddressJson,
  { routes, filters }: { readonly routes: readonly RouteJson[]; readonly filters: readonly HttpFilterJson[] },
): ListenerJson {
  const manager: HttpConnectionManagerJson = {
    statPrefix: 'own',
    codecType: 'AUTO',
    generateRequestId: false,
    routeConfig: { virtualHosts: [{ name: 'own', domains: ['*'], routes: [...routes] }] },
    httpFilters: [
      ...filters,
      {
        name: 'envoy.filters.http.router',
        typedConfig: typed('envoy.extensions.filters.http.router.v3.Router', { suppressEnvoyHeaders: true }),
      },
    ],
  };
  return {
    name,
    address,
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typedConfig: typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
              ...manager,
            }),
          },
        ],
      },
    ],
  };
}

function socket(address: string, portValue: number): AddressJson {
  return { socketAddress: { address, portValue } };
}

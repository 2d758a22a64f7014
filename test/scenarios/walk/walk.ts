import { type Call, configurationOf, type MeshModel, serviceOf, spiffeId, type Workload } from '@heddle/mesh';
import type { Outcome } from '../../../packages/control-plane/src/traffic/compare.ts';
import { inspectHttp } from './codec.ts';
import { list, type Message, message, text, typedMessage, typeOf } from './config.ts';
import { chainFor, clientTls } from './connection.ts';
import { answered, dependsOnPod, type Ending, ended, type Payload, refused, unreachable } from './ending.ts';
import { manage, managerType, type WeightedName, weightedNames } from './http-manager.ts';
import { arrive } from './inbound.ts';
import { payloadOf } from './payload.ts';
import { callsInPlainText, type WalkedMesh, walkPlainText, workloadAt } from './plain-text.ts';
import { type Sidecar, sidecarOf } from './sidecar.ts';

interface Share {
  /** `namespace/name` of the Service; absent where a sidecar itself answers. */
  readonly service?: string;
  readonly weight: number;
  /** Name of the route that the caller's sidecar has chosen. */
  readonly route?: string;
  readonly endings: readonly Ending[];
}

/**
 * Walks a call through the configuration of both sidecars as Envoy reads it, and says how it ends. It interprets the
 * configuration as it is given: what it doesn't know makes it throw. It shares no code with `decide`.
 */
export function walk(mesh: WalkedMesh, call: Call): Outcome | typeof dependsOnPod {
  if (callsInPlainText(mesh, call)) return walkPlainText(mesh, call);
  const outcomes = addressesOf(mesh, call).map(address => walkTo(address, mesh, call));
  const [first = nameless] = outcomes;
  if (
    first === dependsOnPod ||
    outcomes.some(other => other === dependsOnPod || other.verdict !== first.verdict || other.status !== first.status)
  )
    return dependsOnPod;
  return first;
}

/** A name that stands for no address. */
const nameless: Outcome = { verdict: 'unreachable', status: null, route: null, shares: new Map() };

function walkTo(address: string, mesh: WalkedMesh, call: Call): Outcome | typeof dependsOnPod {
  const endings = callersOf(mesh, call.from).map(caller =>
    new Walk(mesh, caller, { address, port: call.to.port }).send(call),
  );
  const [first] = endings;
  if (first === undefined)
    throw new Error(`no workload has the identity ${call.from.namespace}/${call.from.serviceAccount}`);
  if (endings.some(other => JSON.stringify(other) !== JSON.stringify(first))) return dependsOnPod;
  return summarize(first);
}

/** A pod that may be calling. */
interface CallingPod {
  readonly workload: Workload;
  readonly address: string;
}

function callersOf({ model }: WalkedMesh, from: Call['from']): CallingPod[] {
  const identity = spiffeId(model.settings.trustDomain, from.namespace, from.serviceAccount);
  const workloads = [...(model.namespaces.get(from.namespace)?.workloads.values() ?? [])];
  return workloads
    .filter(workload => workload.identity === identity)
    .flatMap(workload =>
      workload.pods.flatMap(({ name, address = '' }) =>
        from.pod === undefined || from.pod === name ? [{ workload, address }] : [],
      ),
    );
}

/** What DNS answers: the addresses of a Service, those of its ready pods when it has none of its own, or that of one of them. */
function addressesOf({ model }: WalkedMesh, { to }: Call): readonly string[] {
  const service = serviceOf(model, `${to.namespace}/${to.service}`);
  if (service === undefined || service.addresses.length > 0)
    return to.pod === undefined ? (service?.addresses.slice(0, 1) ?? []) : [];
  const endpoints = service.ports.flatMap(port => port.endpoints.filter(({ ready }) => ready));
  const meant = endpoints.filter(({ hostname }) => to.pod === undefined || hostname === to.pod);
  return [...new Set(meant.map(({ address }) => address))];
}

/** All shares as one outcome: a denied one decides, then one that can't be reached (S13). */
function summarize(shares: readonly Share[]): Outcome | typeof dependsOnPod {
  const endings: Ending[] = [];
  for (const share of shares) {
    const [first] = share.endings;
    if (first === undefined || share.endings.some(other => other.verdict !== first.verdict)) return dependsOnPod;
    endings.push(first);
  }
  const decisive =
    endings.find(({ verdict }) => verdict === 'deny') ??
    endings.find(({ verdict }) => verdict === 'unreachable') ??
    endings[0];
  const sum = shares.reduce((total, { weight }) => total + weight, 0);
  return {
    verdict: decisive?.verdict ?? 'unreachable',
    status: decisive?.status ?? null,
    wouldDeny:
      decisive?.verdict === 'allow' && shares.some(({ endings: all }) => all.some(({ wouldDeny }) => wouldDeny)),
    route: shares[0]?.route ?? null,
    shares: new Map(shares.flatMap(({ service, weight }) => (service === undefined ? [] : [[service, weight / sum]]))),
  };
}

const outboundPort = 15_001;

class Walk {
  readonly #mesh: WalkedMesh;
  readonly #caller: CallingPod;
  readonly #sidecar: Sidecar;
  readonly #address: string;
  readonly #port: number;
  #announced: string | undefined;

  constructor(mesh: WalkedMesh, caller: CallingPod, { address, port }: SocketAddress) {
    const { key } = caller.workload;
    const configuration = configurationOf(mesh, key);
    if (configuration === undefined) throw new Error(`${key} has no sidecar`);
    this.#mesh = mesh;
    this.#caller = caller;
    this.#sidecar = sidecarOf(configuration);
    this.#address = address;
    this.#port = port;
  }

  send(call: Call): readonly Share[] {
    const payload = payloadOf(call);
    const chain = chainFor(this.#sidecar, outboundPort, {
      source: this.#caller.address,
      address: this.#address,
      port: call.to.port,
      transport: 'raw_buffer',
      application: payload && inspectHttp(payload),
    });
    if (chain === undefined) return [{ weight: 1, endings: [refused] }];
    const [first, second] = list(chain.filters).map(item => message(item, 'Filter', ['name', 'typedConfig']));
    const announces = typeOf(first?.typedConfig) === announcementType;
    this.#announced = announces ? announced(first?.typedConfig, this.#caller.workload) : undefined;
    const filter = announces ? second : first;
    switch (typeOf(filter?.typedConfig)) {
      case managerType:
        return this.#http(filter?.typedConfig, payload);
      case 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy':
        return this.#bytes(filter?.typedConfig, payload, call.to.port);
      case 'envoy.extensions.filters.network.direct_response.v3.Config':
        return [{ weight: 1, endings: [unreachable(undefined)] }];
      default:
        throw new Error(`the walk does not know ${typeOf(filter?.typedConfig)}`);
    }
  }

  #http(manager: unknown, payload: Payload): readonly Share[] {
    if (payload === undefined) return [{ weight: 1, endings: [refused] }];
    const result = manage(manager, this.#sidecar, payload);
    if ('status' in result) return [{ weight: 1, endings: [ended(result.status)] }];
    const { route } = result;
    return result.clusters.map(cluster => ({
      ...this.#share(cluster, result.request),
      ...(route !== null && { route }),
    }));
  }

  #bytes(config: unknown, payload: Payload, port: number): readonly Share[] {
    const { cluster, weightedClusters } = typedMessage(
      config,
      'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
      ['statPrefix', 'accessLog', 'cluster', 'weightedClusters'],
    );
    if (cluster !== undefined) return [{ weight: 1, endings: this.#leave(text(cluster, 'cluster'), payload, port) }];
    // A sidecar that takes a request for bytes passes it on as such, and its answer is bytes, too.
    return weightedNames(weightedClusters).map(weighted => this.#share(weighted, undefined));
  }

  #share({ name, weight }: WeightedName, payload: Payload): Share {
    const service = name.split('/').slice(1, 3).join('/');
    const config = this.#sidecar.clusters.get(name);
    if (config === undefined) return { service, weight, endings: [unreachable(payload)] };
    const cluster = message(config, 'Cluster', clusterFields);
    if (cluster.type === 'ORIGINAL_DST')
      return {
        service,
        weight,
        endings: [this.#reach(cluster, { address: this.#address, port: this.#port }, payload)],
      };
    if (cluster.type !== 'EDS') throw new Error(`cluster ${name} is of type ${String(cluster.type)}`);
    const { serviceName } = message(cluster.edsClusterConfig, 'EdsClusterConfig', ['edsConfig', 'serviceName']);
    const assignment = this.#sidecar.endpoints.get(text(serviceName, 'serviceName'));
    const endings = endpointsOf(assignment).map(at => this.#reach(cluster, at, payload));
    return { service, weight, endings: endings.length === 0 ? [unreachable(payload)] : endings };
  }

  /** Connects to a pod over mutual TLS. */
  #reach(cluster: Message<(typeof clusterFields)[number]>, { address, port }: SocketAddress, payload: Payload): Ending {
    const server = workloadAt(this.#mesh.model, address);
    if (server === undefined) return unreachable(payload);
    const configuration = configurationOf(this.#mesh, server.key);
    if (configuration === undefined) throw new Error(`${server.key} has no sidecar`);
    const tls = clientTls(cluster.transportSocket, server.identity);
    if (tls === undefined) throw new Error('a cluster without mutual TLS');
    const sidecar = sidecarOf(configuration);
    if (!tls.accepts) return unreachable(payload);
    const source = this.#caller.address;
    const { identity } = this.#caller.workload;
    const mesh = { alpn: tls.alpn, announced: this.#announced, identity, server: server.identity };
    return arrive(sidecar, { source, address, port, payload, mesh }) ?? unreachable(payload);
  }

  /** Leaves the mesh in plain text: to who serves a Service outside it, or to the address that the connection was made to. */
  #leave(name: string, payload: Payload, port: number): readonly Ending[] {
    const cluster = message(this.#sidecar.clusters.get(name), `Cluster ${name}`, clusterFields);
    if (cluster.transportSocket !== undefined) throw new Error(`cluster ${name} is not in plain text`);
    const to =
      cluster.type === 'EDS'
        ? endpointsOf(this.#sidecar.endpoints.get(name))
        : realAddresses(this.#mesh.model, this.#address, port);
    if (to.length === 0) return [unreachable(undefined)];
    return to.map(at => {
      const server = workloadAt(this.#mesh.model, at.address);
      const configuration = server && configurationOf(this.#mesh, server.key);
      if (configuration === undefined) return answered(payload === undefined ? null : 200);
      return arrive(sidecarOf(configuration), { source: this.#caller.address, ...at, payload }) ?? refused;
    });
  }
}

const announcementType = 'envoy.extensions.filters.network.set_filter_state.v3.Config';

/** What a sidecar says of its caller in the handshakes of a connection; its node's metadata names that. */
function announced(config: unknown, { namespace, serviceAccount }: Workload): string {
  const { onNewConnection } = typedMessage(config, announcementType, ['onNewConnection']);
  const [value, ...others] = list(onNewConnection);
  const fields = ['objectKey', 'formatString', 'sharedWithUpstream'] as const;
  const { objectKey, formatString, sharedWithUpstream } = message(value, 'FilterStateValue', fields);
  const says = JSON.stringify(formatString);
  if (
    others.length > 0 ||
    objectKey !== 'envoy.network.upstream_server_name' ||
    sharedWithUpstream !== 'ONCE' ||
    says !== '{"textFormatSource":{"inlineString":"%CEL(xds.node.metadata.caller)%"}}'
  ) {
    throw new Error('a sidecar notes something unknown');
  }
  return `${serviceAccount}.${namespace}`;
}

const clusterFields = [
  'name',
  'type',
  'lbPolicy',
  'edsClusterConfig',
  'connectTimeout',
  'commonLbConfig',
  // What fails, and what is too much, is no matter of one call.
  'circuitBreakers',
  'outlierDetection',
  'typedExtensionProtocolOptions',
  'transportSocket',
] as const;

interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

function endpointsOf(assignment: unknown): SocketAddress[] {
  if (assignment === undefined) return [];
  const { endpoints } = message(assignment, 'ClusterLoadAssignment', ['clusterName', 'endpoints']);
  return list(endpoints).flatMap(locality =>
    list(message(locality, 'LocalityLbEndpoints', ['lbEndpoints']).lbEndpoints).map(item => {
      const { endpoint } = message(item, 'LbEndpoint', ['endpoint']);
      const { address } = message(endpoint, 'Endpoint', ['address']);
      const { socketAddress } = message(address, 'Address', ['socketAddress']);
      const { address: ip, portValue } = message(socketAddress, 'SocketAddress', ['address', 'portValue']);
      return { address: text(ip, 'address'), port: Number(portValue) };
    }),
  );
}

/** Where the network takes a connection to an address: to a pod behind the Service that has it, or to itself. */
function realAddresses(model: MeshModel, address: string, port: number): SocketAddress[] {
  for (const { services } of model.namespaces.values()) {
    for (const service of services.values()) {
      if (!service.addresses.includes(address)) continue;
      return (service.ports.find(({ number }) => number === port)?.endpoints ?? []).map(endpoint => ({ ...endpoint }));
    }
  }
  return [{ address, port }];
}

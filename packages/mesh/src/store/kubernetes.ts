import type { FieldPath, KubeObject } from '@heddle/smi';

/** What the mesh reads of a Service. */
export interface ServiceSpec {
  /** Cluster IPs; empty for a headless Service and for one whose address is not known. */
  readonly addresses: readonly string[];
  readonly headless: boolean;
  /** Labels of the pods behind it; `undefined` when it has no selector. */
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly ports: readonly ServicePortSpec[];
  /** Whether the front door shows it: the annotation `heddle.dev/expose`, unless it says `false`. */
  readonly exposed: boolean;
}

/** What the mesh reads of one port of a Service. */
export interface ServicePortSpec {
  readonly name: string;
  readonly number: number;
  /** A port of the pod: a number, or the name of a container's port. */
  readonly targetPort: number | string;
  readonly transport: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol: string | undefined;
  readonly path: FieldPath;
}

/** What the mesh reads of a Pod. */
export interface PodSpec {
  /** Absent until the pod has one. */
  readonly address: string | undefined;
  readonly serviceAccount: string;
  readonly ready: boolean;
  /** Whether a sidecar speaks for it. */
  readonly inMesh: boolean;
  /** Name of the workload that made it: its controller, without a ReplicaSet's hash; a lone pod is its own. */
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Named container ports. */
  readonly namedPorts: ReadonlyMap<string, number>;
}

/** Endpoints of one Service, from an EndpointSlice or an Endpoints object. */
export interface EndpointsSpec {
  readonly service: string;
  readonly ports: readonly { readonly name: string; readonly number: number }[];
  readonly endpoints: readonly {
    readonly address: string;
    readonly ready: boolean;
    readonly pod: string | undefined;
  }[];
}

/** An address that the source gave to a name that has none of its own: the root of a TrafficSplit. */
export interface AssignedAddress {
  readonly address: string;
}

interface Json {
  readonly [field: string]: unknown;
}

/** Reads a Service; what is missing takes Kubernetes' defaults. */
export function readService(object: KubeObject): ServiceSpec {
  const spec = record(object['spec']);
  const clusterIP = text(spec['clusterIP']);
  const all = list(spec['clusterIPs']).filter(ip => typeof ip === 'string');
  const addresses = (all.length > 0 ? all : [clusterIP]).filter(ip => ip !== undefined && ip !== '' && ip !== 'None');
  return {
    addresses: addresses as string[],
    headless: clusterIP === 'None',
    selector: isRecord(spec['selector']) ? (spec['selector'] as Record<string, string>) : undefined,
    ports: list(spec['ports']).flatMap((item, index) => readServicePort(record(item), ['spec', 'ports', index])),
    exposed: (object.metadata.annotations?.['heddle.dev/expose'] ?? 'false') !== 'false',
  };
}

function readServicePort(port: Json, path: FieldPath): ServicePortSpec[] {
  const number = port['port'];
  if (typeof number !== 'number') return [];
  const target = port['targetPort'];
  const transport = text(port['protocol']);
  return [
    {
      name: text(port['name']) ?? '',
      number,
      targetPort: typeof target === 'number' || typeof target === 'string' ? numeric(target) : number,
      transport: transport === 'UDP' || transport === 'SCTP' ? transport : 'TCP',
      appProtocol: text(port['appProtocol']),
      path,
    },
  ];
}

/** Reads a Pod; without conditions it counts as ready only if its phase is Running. */
export function readPod(object: KubeObject): PodSpec {
  const spec = record(object['spec']);
  const status = record(object['status']);
  const annotations = object.metadata.annotations ?? {};
  const inject = annotations['heddle.dev/inject'];
  return {
    address: text(status['podIP']),
    serviceAccount: text(spec['serviceAccountName']) ?? text(spec['serviceAccount']) ?? 'default',
    ready: isReady(status) && record(object.metadata)['deletionTimestamp'] === undefined,
    inMesh: spec['hostNetwork'] !== true && inject !== 'false' && inject !== 'disabled',
    workload: workloadName(object),
    labels: object.metadata.labels ?? {},
    namedPorts: namedPorts(spec),
  };
}

function isReady(status: Json): boolean {
  const ready = list(status['conditions'])
    .map(record)
    .find(condition => condition['type'] === 'Ready');
  return ready === undefined ? status['phase'] === 'Running' : ready['status'] === 'True';
}

function namedPorts(spec: Json): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  for (const container of [...list(spec['initContainers']), ...list(spec['containers'])]) {
    for (const item of list(record(container)['ports'])) {
      const { name, containerPort } = record(item);
      if (typeof name === 'string' && typeof containerPort === 'number') ports.set(name, containerPort);
    }
  }
  return ports;
}

function workloadName(object: KubeObject): string {
  const owner =
    object.metadata.ownerReferences?.find(reference => reference.controller) ?? object.metadata.ownerReferences?.[0];
  if (owner === undefined) return object.metadata.name;
  const hash = object.metadata.labels?.['pod-template-hash'];
  return owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? owner.name.slice(0, -hash.length - 1)
    : owner.name;
}

/** Reads an EndpointSlice; `undefined` when it belongs to no Service. */
export function readEndpointSlice(object: KubeObject): EndpointsSpec | undefined {
  const service = object.metadata.labels?.['kubernetes.io/service-name'];
  if (service === undefined) return undefined;
  const endpoints = list(object['endpoints'])
    .map(record)
    .flatMap(endpoint => {
      const ready = record(endpoint['conditions'])['ready'] !== false;
      return list(endpoint['addresses'])
        .filter(address => typeof address === 'string')
        .map(address => ({ address, ready, pod: targetPod(endpoint) }));
    });
  return { service, ports: endpointPorts(object['ports']), endpoints };
}

/** Reads the ready and not ready addresses of an Endpoints object, all subsets as one list each. */
export function readEndpoints(object: KubeObject): readonly EndpointsSpec[] {
  return list(object['subsets'])
    .map(record)
    .map(subset => ({
      service: object.metadata.name,
      ports: endpointPorts(subset['ports']),
      endpoints: (['addresses', 'notReadyAddresses'] as const).flatMap(field =>
        list(subset[field])
          .map(record)
          .map(address => ({
            address: text(address['ip']) ?? '',
            ready: field === 'addresses',
            pod: targetPod(address),
          }))
          .filter(endpoint => endpoint.address !== ''),
      ),
    }));
}

function endpointPorts(value: unknown): { name: string; number: number }[] {
  return list(value)
    .map(record)
    .flatMap(port =>
      typeof port['port'] === 'number' ? [{ name: text(port['name']) ?? '', number: port['port'] }] : [],
    );
}

function targetPod(endpoint: Json): string | undefined {
  const target = record(endpoint['targetRef']);
  return target['kind'] === 'Pod' ? text(target['name']) : undefined;
}

/** `"8080"` is the number that it says, as Kubernetes' IntOrString is often written. */
function numeric(target: number | string): number | string {
  return typeof target === 'string' && /^\d+$/.test(target) ? Number(target) : target;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function record(value: unknown): Json {
  return isRecord(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

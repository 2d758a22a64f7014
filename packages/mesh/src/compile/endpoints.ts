import type { Endpoint } from '../model/service.ts';
import type { EndpointsSpec } from '../store/kubernetes/endpoints.ts';
import type { PodSpec } from '../store/kubernetes/pod.ts';
import type { ServicePortSpec, ServiceSpec } from '../store/kubernetes/service.ts';
import type { Resource } from '../store/resource-set.ts';
import type { PodGroup } from './workloads.ts';

/** The pods of a namespace, found by label, by name and by address. */
export interface PodIndex {
  readonly pods: ReadonlyMap<string, Resource<PodSpec>>;
  readonly byLabel: ReadonlyMap<string, readonly Resource<PodSpec>[]>;
  readonly byAddress: ReadonlyMap<string, Resource<PodSpec>>;
  /** Key of the workload that a pod belongs to; pods without a sidecar have none. */
  readonly workloadOf: ReadonlyMap<string, string>;
}

/** Indexes the pods of a namespace once, for all its Services. */
export function indexPods(
  namespace: string,
  pods: ReadonlyMap<string, Resource<PodSpec>>,
  groups: readonly PodGroup[],
): PodIndex {
  const byLabel = new Map<string, Resource<PodSpec>[]>();
  const byAddress = new Map<string, Resource<PodSpec>>();
  for (const pod of pods.values()) {
    if (pod.value.address !== undefined) byAddress.set(pod.value.address, pod);
    for (const [name, value] of Object.entries(pod.value.labels)) {
      const key = labelKey(name, value);
      const list = byLabel.get(key);
      if (list === undefined) byLabel.set(key, [pod]);
      else list.push(pod);
    }
  }
  const workloadOf = new Map<string, string>();
  for (const group of groups) for (const pod of group.pods) workloadOf.set(pod.name, `${namespace}/${group.name}`);
  return { pods, byLabel, byAddress, workloadOf };
}

/** A Service as it is written, with its name. */
export interface NamedService {
  readonly ref: { readonly name: string };
  readonly value: ServiceSpec;
}

/**
 * The endpoints of one port of a Service, sorted: from its EndpointSlices or Endpoints where there are any, else from
 * the pods that its selector picks. Those that are not ready are kept, and say so.
 */
export function endpointsOf(
  service: NamedService,
  port: ServicePortSpec,
  slices: readonly EndpointsSpec[],
  index: PodIndex,
): Endpoint[] {
  const endpoints = slices.length > 0 ? fromSlices(slices, port, index) : fromSelector(service, port, index);
  return endpoints.toSorted((a, b) => compare(a.address, b.address) || a.port - b.port);
}

function fromSlices(slices: readonly EndpointsSpec[], port: ServicePortSpec, index: PodIndex): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    const number = slice.ports.find(candidate => candidate.name === port.name)?.number;
    if (number === undefined) continue;
    for (const { address, ready, pod: name, hostname } of slice.endpoints) {
      const pod = (name === undefined ? undefined : index.pods.get(name)) ?? index.byAddress.get(address);
      const workload = pod && index.workloadOf.get(pod.ref.name);
      found.set(`${address}:${number}`, endpoint({ address, port: number, ready, hostname, workload }));
    }
  }
  return [...found.values()];
}

function fromSelector({ ref, value: service }: NamedService, port: ServicePortSpec, index: PodIndex): Endpoint[] {
  return selectPods(service.selector, index).flatMap(({ ref: { name }, value: pod }) => {
    const number = typeof port.targetPort === 'number' ? port.targetPort : pod.namedPorts.get(port.targetPort);
    if (number === undefined || pod.address === undefined) return [];
    const hostname = service.headless && pod.subdomain === ref.name ? pod.hostname : undefined;
    const ready = pod.ready || service.publishNotReady;
    return [endpoint({ address: pod.address, port: number, ready, hostname, workload: index.workloadOf.get(name) })];
  });
}

/** The pods that a selector picks; none without a selector, as in Kubernetes. */
export function selectPods(
  selector: Readonly<Record<string, string>> | undefined,
  index: PodIndex,
): readonly Resource<PodSpec>[] {
  const [first, ...rest] = Object.entries(selector ?? {});
  if (first === undefined) return [];
  const candidates = index.byLabel.get(labelKey(first[0], first[1])) ?? [];
  return candidates.filter(pod => rest.every(([name, value]) => pod.value.labels[name] === value));
}

type Found = Pick<Endpoint, 'address' | 'port' | 'ready'> & Record<'hostname' | 'workload', string | undefined>;

function endpoint({ hostname, workload, ...rest }: Found): Endpoint {
  return { ...rest, ...(hostname !== undefined && { hostname }), ...(workload !== undefined && { workload }) };
}

function labelKey(name: string, value: string): string {
  return `${name}=${value}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

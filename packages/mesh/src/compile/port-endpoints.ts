import { spiffeId } from '../model/mesh-model.ts';
import type { Endpoint, Protocol } from '../model/service.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { EndpointsSpec } from '../store/kubernetes/endpoints.ts';
import type { ServicePortSpec } from '../store/kubernetes/service.ts';
import { endpointsOf, type NamedService, type PodIndex } from './endpoints.ts';
import { protocolOf } from './protocol.ts';
import type { PodGroup } from './workloads.ts';

/** One port of a Service, and who serves it. */
export interface PortEndpoints {
  readonly spec: ServicePortSpec;
  readonly protocol: Protocol;
  readonly endpoints: readonly Endpoint[];
  /** SPIFFE IDs of those endpoints, sorted. */
  readonly identities: readonly string[];
}

/** Who may serve the ports of a namespace's Services. */
export interface Servers {
  readonly index: PodIndex;
  /** SPIFFE IDs of workloads, by their keys. */
  readonly identities: ReadonlyMap<string, string>;
}

/** The ports of a Service with their endpoints; the previous ones where nothing of them has changed. */
export function portEndpoints(
  service: NamedService,
  slices: readonly EndpointsSpec[],
  { index, identities }: Servers,
  previous: readonly PortEndpoints[] | undefined,
): readonly PortEndpoints[] {
  const next = service.value.ports.map((spec): PortEndpoints => {
    const endpoints = endpointsOf(service, spec, slices, index);
    const servers = endpoints.flatMap(({ workload }) => (workload && identities.get(workload)) ?? []);
    return { spec, protocol: protocolOf(spec).protocol, endpoints, identities: [...new Set(servers)].toSorted() };
  });
  return previous !== undefined && JSON.stringify(previous) === JSON.stringify(next) ? previous : next;
}

/** SPIFFE IDs of the workloads of a namespace, by their keys. */
export function identitiesByWorkload(
  namespace: string,
  groups: readonly PodGroup[],
  { trustDomain }: MeshSettings,
): ReadonlyMap<string, string> {
  return new Map(
    groups.map(group => [`${namespace}/${group.name}`, spiffeId(trustDomain, namespace, group.serviceAccount)]),
  );
}

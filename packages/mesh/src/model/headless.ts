import type { NamespaceModel } from './mesh-model.ts';
import type { Endpoint, Service, ServicePort } from './service.ts';

/** A pod's port that clients of headless Services connect to, and the Service whose routes apply to it. */
export interface DirectPort {
  readonly service: Service;
  readonly port: ServicePort;
  readonly endpoint: Endpoint;
}

/** The pods' ports of a namespace that clients connect to directly, by `address:port`. */
export type DirectPorts = ReadonlyMap<string, DirectPort>;

const known = new WeakMap<NamespaceModel['services'], DirectPorts>();

/**
 * What there is at the pods' own addresses: clients of a headless Service connect to them, and to the pods' ports (H1). Where
 * several headless Services have the same pods and port, they agree on who answers; a Service with a split on it goes first, then
 * the first by name, so that the address always means one of them (S12).
 */
export function directPortsOf(services: NamespaceModel['services']): DirectPorts {
  let ports = known.get(services);
  if (ports === undefined) {
    ports = findDirectPorts([...services.values()].filter(({ headless, inMesh }) => headless && inMesh));
    known.set(services, ports);
  }
  return ports;
}

/** The key of an endpoint in `DirectPorts`. */
export function directKey({ address, port }: Pick<Endpoint, 'address' | 'port'>): string {
  return `${address}:${port}`;
}

function findDirectPorts(services: readonly Service[]): DirectPorts {
  const claims = services.flatMap(service =>
    service.ports
      .filter(({ protocol }) => protocol !== 'udp')
      .flatMap(port => port.endpoints.map(endpoint => ({ service, port, endpoint }))),
  );
  const ports = new Map<string, DirectPort>();
  const inOrder = claims
    .filter(({ endpoint }) => endpoint.workload !== undefined)
    .toSorted(
      (a, b) => Number(hasSplits(b.port)) - Number(hasSplits(a.port)) || compare(a.service.name, b.service.name),
    );
  for (const claim of inOrder) {
    const key = directKey(claim.endpoint);
    if (!ports.has(key)) ports.set(key, claim);
  }
  return ports;
}

function hasSplits({ outbound }: ServicePort): boolean {
  return outbound.routes.some(({ origin }) => !('default' in origin));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

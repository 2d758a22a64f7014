import { type DirectPorts, directKey, directPortsOf } from '../model/headless.ts';
import type { MeshModel } from '../model/mesh-model.ts';
import type { Endpoint, Service, ServicePort } from '../model/service.ts';
import type { CallTarget } from './verdict.ts';

/** Where a call arrives: whose routes apply to it, and which pods its client has chosen. */
export interface Place {
  readonly service: Service;
  readonly port: ServicePort;
  /** Who may call any of these has been told of the place; others are refused by their own sidecars (H6). */
  readonly knownBy: readonly Service[];
  /** The only pods that serve the own share of a headless Service; absent where the mesh chooses. */
  readonly at?: { readonly backend: string; readonly addresses: ReadonlySet<string> };
}

/**
 * Where calls of a Service arrive: at one of its ports; those of a headless one at its pods' own ports, where another headless
 * Service may answer (H1). `undefined` stands for places without such a port.
 */
export function placesOf(model: MeshModel, service: Service, to: CallTarget): readonly (Place | undefined)[] {
  const { port: number, pod } = to;
  if (!service.headless) {
    const port = service.ports.find(candidate => candidate.number === number && candidate.protocol !== 'udp');
    return [port && { service, port, knownBy: [service] }];
  }
  const services = model.namespaces.get(service.namespace)?.services ?? new Map<string, Service>();
  const direct = directPortsOf(services);
  const addresses = new Set(endpointsNamed(service, pod).map(endpoint => endpoint.address));
  const answering = [...addresses].map(address => direct.get(directKey({ address, port: number })));
  return [...Map.groupBy(answering, pod => pod?.port)].map(([port, pods]) => {
    const [first, ...others] = pods;
    if (port === undefined || first === undefined) return undefined;
    const own = [first, ...others].flatMap(pod => pod?.endpoint.address ?? []);
    const at = { backend: first.service.key, addresses: new Set(own) };
    return { service: first.service, port, knownBy: headlessAt(first.service, services, direct), at };
  });
}

/** The headless Services at whose pods another one answers: clients of any of them have what that one brings. */
function headlessAt(owner: Service, services: ReadonlyMap<string, Service>, direct: DirectPorts): Service[] {
  return [...services.values()].filter(
    ({ headless, ports }) =>
      headless && ports.some(({ endpoints }) => endpoints.some(each => direct.get(directKey(each))?.service === owner)),
  );
}

/** Whether a name stands for any address: that of a headless Service does for those of its ready pods, and so do their own. */
export function hasAddress(service: Service, { pod }: CallTarget): boolean {
  return (!service.headless && pod === undefined) || endpointsNamed(service, pod).length > 0;
}

function endpointsNamed({ ports }: Service, pod: string | undefined): Endpoint[] {
  return ports
    .flatMap(({ protocol, endpoints }) => (protocol === 'udp' ? [] : endpoints))
    .filter(({ ready, hostname }) => ready && (pod === undefined || hostname === pod));
}

/** The ready pods of a headless Service, each once, for whose port of that number no listener of a client speaks. */
export function podsWithoutListener(
  model: MeshModel,
  service: Service,
  { port, pod }: CallTarget,
): readonly Endpoint[] {
  const direct = directPortsOf(model.namespaces.get(service.namespace)?.services ?? new Map<string, Service>());
  const pods = new Map(endpointsNamed(service, pod).map(endpoint => [endpoint.address, endpoint]));
  return [...pods.values()].filter(({ address }) => !direct.has(directKey({ address, port })));
}

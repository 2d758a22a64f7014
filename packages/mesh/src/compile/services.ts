import type { TrafficSplit } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import { spiffeId } from '../model/mesh-model.ts';
import { originOf } from '../model/origin.ts';
import type { Endpoint, OutboundPolicy, Protocol, Service, ServicePort } from '../model/service.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { EndpointsSpec, ServicePortSpec, ServiceSpec } from '../store/kubernetes.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import { endpointsOf, type PodIndex } from './endpoints.ts';
import { keepList, Memo } from './memo.ts';
import type { LocalWorkload } from './namespace.ts';
import { protocolOf } from './protocol.ts';
import { outboundPolicy, type RootPort, type splitsByRoot } from './splits.ts';
import type { PodGroup } from './workloads.ts';

type Split = Resource<TrafficSplit>;

/** A Service or logical root before it is known who may call it. */
export type UnreachedService = Omit<Service, 'callers' | 'inMesh'>;

/** The Services of a namespace with their ports, endpoints and routes. */
export interface CompiledPorts {
  readonly services: ReadonlyMap<string, UnreachedService>;
  readonly findings: readonly Finding[];
}

/** What the Services of a namespace are made from. */
export interface ServiceInputs {
  readonly namespace: string;
  readonly resources: NamespaceResources;
  readonly index: PodIndex;
  readonly splits: ReadonlyMap<string, readonly Split[]>;
  readonly settings: MeshSettings;
  readonly identities: ReadonlyMap<string, string>;
}

/** The memory of a namespace's Services from one pass to the next. */
export interface ServiceUnits {
  readonly index: Memo<PodIndex>;
  readonly splits: Memo<ReturnType<typeof splitsByRoot>>;
  readonly slices: Memo<ReadonlyMap<string, readonly EndpointsSpec[]>>;
  readonly lists: Memo<readonly unknown[]>;
  readonly endpoints: Memo<readonly PortEndpoints[]>;
  readonly units: Memo<{ service: UnreachedService; findings: readonly Finding[] }>;
  readonly callers: Memo<Service['callers']>;
  readonly services: Memo<Service>;
  endPass(): void;
}

interface PortEndpoints {
  readonly spec: ServicePortSpec;
  readonly protocol: Protocol;
  readonly endpoints: readonly Endpoint[];
  readonly identities: readonly string[];
}

/** Makes an empty memory. */
export function serviceUnits(): ServiceUnits {
  const memos = {
    index: new Memo<PodIndex>(),
    splits: new Memo<ReturnType<typeof splitsByRoot>>(),
    slices: new Memo<ReadonlyMap<string, readonly EndpointsSpec[]>>(),
    lists: new Memo<readonly unknown[]>(),
    endpoints: new Memo<readonly PortEndpoints[]>(),
    units: new Memo<{ service: UnreachedService; findings: readonly Finding[] }>(),
    callers: new Memo<Service['callers']>(),
    services: new Memo<Service>(),
  };
  return { ...memos, endPass: () => Object.values(memos).forEach(memo => memo.endPass()) };
}

/** SPIFFE IDs of the workloads of a namespace, by their keys. */
export function identitiesByWorkload(
  namespace: string,
  groups: readonly PodGroup[],
  settings: MeshSettings,
): ReadonlyMap<string, string> {
  return new Map(
    groups.map(group => [
      `${namespace}/${group.name}`,
      spiffeId(settings.trustDomain, namespace, group.serviceAccount),
    ]),
  );
}

/** Compiles every Service and every logical root of a namespace. */
export function readPorts(inputs: ServiceInputs, memory: ServiceUnits): CompiledPorts {
  const { resources, splits } = inputs;
  const services = new Map<string, UnreachedService>();
  const findings: Finding[] = [];
  const slices = memory.slices.get('', [resources.endpoints], () => slicesByService(resources));
  const names = [...new Set([...resources.services.keys(), ...splits.keys()])].toSorted();
  for (const name of names) {
    const unit = compileUnit(name, inputs, slices.get(name) ?? [], memory);
    services.set(name, unit.service);
    findings.push(...unit.findings);
  }
  return { services, findings };
}

function slicesByService(resources: NamespaceResources): ReadonlyMap<string, readonly EndpointsSpec[]> {
  const all = [...resources.endpoints.values()].flatMap(resource => resource.value);
  const bySlice = Map.groupBy(all, spec => spec.service);
  return bySlice;
}

function compileUnit(name: string, inputs: ServiceInputs, slices: readonly EndpointsSpec[], memory: ServiceUnits) {
  const { namespace, resources, splits, settings } = inputs;
  const own = resources.services.get(name);
  const rootSplits = keep(memory, `${name} splits`, splits.get(name) ?? []);
  const endpoints = portEndpoints(own, keep(memory, `${name} slices`, slices), inputs, memory);
  const dependencies = keep(memory, `${name} dependencies`, splitDependencies(rootSplits, resources));
  const address = resources.addresses.get(name);
  const unitInputs = [own, endpoints, rootSplits, dependencies, address, settings];
  return memory.units.get(name, unitInputs, () => {
    const findings: Finding[] = [];
    const ports = own === undefined ? logicalPorts(rootSplits, resources, findings) : endpoints;
    const key = `${namespace}/${name}`;
    const service: UnreachedService = {
      namespace,
      name,
      key,
      addresses: addressesOf(own, address?.value.address),
      logical: own === undefined,
      exposed: own?.value.exposed ?? false,
      ports: ports.map(port =>
        servicePort({ key, port, own: own !== undefined, splits: rootSplits }, resources, findings),
      ),
      origin: own === undefined ? originOf((rootSplits[0] as Split).source, ['spec', 'service']) : originOf(own.source),
    };
    return { service, findings: dedupe(findings) };
  });
}

/** What a root's routes depend on besides its splits: the Services and route groups that they name. */
function splitDependencies(splits: readonly Split[], resources: NamespaceResources): unknown[] {
  return splits.flatMap(({ value: { spec } }) => [
    ...spec.backends.map(backend => resources.services.get(backend.service.toLowerCase().split('.')[0] ?? '')),
    ...(spec.matches ?? []).map(match => resources.routeGroups.get(match.name)),
  ]);
}

function addressesOf(own: Resource<ServiceSpec> | undefined, assigned: string | undefined): readonly string[] {
  if (own !== undefined && (own.value.headless || own.value.addresses.length > 0)) return own.value.addresses;
  return assigned === undefined ? [] : [assigned];
}

function portEndpoints(
  own: Resource<ServiceSpec> | undefined,
  slices: readonly EndpointsSpec[],
  inputs: ServiceInputs,
  memory: ServiceUnits,
): readonly PortEndpoints[] {
  if (own === undefined) return noPorts;
  const { name } = own.ref;
  const previous = memory.endpoints.previous(name);
  return memory.endpoints.get(name, [own, slices, inputs.index, inputs.settings], () => {
    const next = own.value.ports.map((spec): PortEndpoints => {
      const endpoints = endpointsOf(own.value, spec, slices, inputs.index);
      const identities = [
        ...new Set(endpoints.flatMap(({ workload }) => (workload && inputs.identities.get(workload)) ?? [])),
      ].toSorted();
      return { spec, protocol: protocolOf(spec).protocol, endpoints, identities };
    });
    return previous !== undefined && JSON.stringify(previous) === JSON.stringify(next) ? previous : next;
  });
}

const noPorts: readonly PortEndpoints[] = [];

/** A logical root has the union of its backends' ports; backends that disagree on a protocol make it TCP (S7). */
function logicalPorts(splits: readonly Split[], resources: NamespaceResources, findings: Finding[]): PortEndpoints[] {
  const ports = new Map<number, PortEndpoints>();
  for (const split of splits) {
    for (const [index, backend] of split.value.spec.backends.entries()) {
      const service = resources.services.get(backend.service.toLowerCase().split('.')[0] ?? '');
      for (const spec of service?.value.ports ?? []) {
        const { protocol } = protocolOf(spec);
        const known = ports.get(spec.number);
        if (known === undefined) ports.set(spec.number, { spec, protocol, endpoints: [], identities: [] });
        else if (known.protocol !== protocol) {
          ports.set(spec.number, { ...known, protocol: 'tcp' });
          findings.push(
            findingAt(
              'ProtocolConflict',
              split.source,
              ['spec', 'backends', index, 'service'],
              `The backends disagree on what port ${spec.number} speaks, so it counts as TCP; give the ports the same appProtocol.`,
            ),
          );
        }
      }
    }
  }
  return [...ports.values()].toSorted((a, b) => a.spec.number - b.spec.number);
}

interface PortInputs {
  readonly key: string;
  readonly port: PortEndpoints;
  readonly own: boolean;
  readonly splits: readonly Split[];
}

function servicePort(
  { key, port, own, splits }: PortInputs,
  resources: NamespaceResources,
  findings: Finding[],
): ServicePort {
  const { spec, protocol, endpoints, identities } = port;
  if (own && !protocolOf(spec).known) {
    const service = resources.services.get(key.slice(key.indexOf('/') + 1));
    if (service)
      findings.push(
        findingAt(
          'ProtocolUnknown',
          service.source,
          [...spec.path, 'appProtocol'],
          `${spec.appProtocol} is not a protocol that Heddle knows; port ${spec.number} counts as TCP.`,
        ),
      );
  }
  const root: RootPort = { key, number: spec.number, protocol, own };
  const { policy, findings: found } = protocol === 'udp' ? udp : outboundPolicy(root, splits, resources);
  findings.push(...found);
  return { number: spec.number, name: spec.name, protocol, endpoints, identities, outbound: policy };
}

const udp: { policy: OutboundPolicy; findings: readonly Finding[] } = { policy: { routes: [] }, findings: [] };

/** Adds who may reach each Service: the callers of its own workloads and of every backend that its routes name. */
export function callersOf(
  compiled: CompiledPorts,
  workloads: ReadonlyMap<string, LocalWorkload>,
  memory: ServiceUnits,
): ReadonlyMap<string, Service> {
  const services = new Map<string, Service>();
  for (const [name, unit] of compiled.services) {
    const behind = workloadsBehind(unit, compiled, workloads);
    const callers = memory.callers.get(name, behind, () =>
      keepCallers(memory.callers.previous(name), callersOfWorkloads(behind)),
    );
    const inMesh = unit.ports.every(port => port.endpoints.length === 0) || behind.length > 0;
    const reachable = inMesh ? callers : 'anyone';
    services.set(
      name,
      memory.services.get(name, [unit, reachable, inMesh], () => ({ ...unit, inMesh, callers: reachable })),
    );
  }
  return services;
}

function workloadsBehind(
  unit: UnreachedService,
  compiled: CompiledPorts,
  workloads: ReadonlyMap<string, LocalWorkload>,
): LocalWorkload[] {
  const names = new Set<string>([unit.name]);
  for (const port of unit.ports) {
    for (const route of port.outbound.routes) for (const { service } of route.backends) names.add(afterSlash(service));
  }
  const keys = new Set<string>();
  for (const name of names) {
    for (const port of compiled.services.get(name)?.ports ?? []) {
      for (const { workload } of port.endpoints) if (workload !== undefined) keys.add(workload);
    }
  }
  return [...keys].toSorted().flatMap(key => workloads.get(afterSlash(key)) ?? []);
}

/** Nobody is kept from a Service without workloads: there is nothing to protect, and 503 tells more than 403. */
function callersOfWorkloads(workloads: readonly LocalWorkload[]): Service['callers'] {
  if (workloads.length === 0) return 'anyone';
  const callers = new Set<string>();
  for (const { ports } of workloads) {
    for (const { policy } of ports) {
      for (const { http, tcp, principals } of policy.authorizations) {
        if (tcp || http === 'all' || http.length > 0) for (const { identity } of principals) callers.add(identity);
      }
    }
  }
  return [...callers].toSorted();
}

function keepCallers(previous: Service['callers'] | undefined, next: Service['callers']): Service['callers'] {
  return typeof previous === 'object' && typeof next === 'object' ? keepList(previous, next) : next;
}

function keep<Item>(memory: ServiceUnits, key: string, next: readonly Item[]): readonly Item[] {
  const list = keepList(memory.lists.previous(key) as readonly Item[] | undefined, next);
  memory.lists.get(key, [list], () => list);
  return list;
}

function dedupe(findings: readonly Finding[]): Finding[] {
  const known = new Map(
    findings.map(finding => [`${finding.code} ${finding.field} ${finding.object?.name} ${finding.message}`, finding]),
  );
  return [...known.values()];
}

function afterSlash(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

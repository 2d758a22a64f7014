import { type Finding, findingAt } from '../findings/finding.ts';
import { originOf } from '../model/origin.ts';
import type { Service } from '../model/service.ts';
import type { EndpointsSpec, ServiceSpec } from '../store/kubernetes.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import type { PodIndex } from './endpoints.ts';
import { logicalPorts } from './logical-root.ts';
import { keepList, Memo } from './memo.ts';
import { routePorts } from './outbound.ts';
import { type PortEndpoints, portEndpoints, type Servers } from './port-endpoints.ts';
import { protocolOf } from './protocol.ts';
import type { Scope } from './scope.ts';
import { namedServices } from './split-backends.ts';
import type { Split, SplitRoots } from './split-roots.ts';

/** A Service or logical root before it is known who may call it. */
export type UnreachedService = Omit<Service, 'callers' | 'inMesh'>;

/** The Services of a namespace with their ports, endpoints and routes. */
export interface CompiledPorts {
  readonly services: ReadonlyMap<string, UnreachedService>;
  readonly findings: readonly Finding[];
}

/** What the Services of a namespace are made from. */
export interface ServiceInputs extends Scope, Servers {
  readonly splits: SplitRoots['roots'];
}

interface Unit {
  readonly service: UnreachedService;
  readonly findings: readonly Finding[];
}

/** The memory of a namespace's Services from one pass to the next. */
export interface ServiceUnits {
  readonly index: Memo<PodIndex>;
  readonly splits: Memo<SplitRoots>;
  readonly slices: Memo<ReadonlyMap<string, readonly EndpointsSpec[]>>;
  readonly lists: Memo<readonly unknown[]>;
  readonly endpoints: Memo<readonly PortEndpoints[]>;
  readonly units: Memo<Unit>;
  readonly callers: Memo<Service['callers']>;
  readonly services: Memo<Service>;
  endPass(): void;
}

/** Makes an empty memory. */
export function serviceUnits(): ServiceUnits {
  const memos = {
    index: new Memo<PodIndex>(),
    splits: new Memo<SplitRoots>(),
    slices: new Memo<ReadonlyMap<string, readonly EndpointsSpec[]>>(),
    lists: new Memo<readonly unknown[]>(),
    endpoints: new Memo<readonly PortEndpoints[]>(),
    units: new Memo<Unit>(),
    callers: new Memo<Service['callers']>(),
    services: new Memo<Service>(),
  };
  return { ...memos, endPass: () => Object.values(memos).forEach(memo => memo.endPass()) };
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
  return Map.groupBy(all, spec => spec.service);
}

function compileUnit(
  name: string,
  inputs: ServiceInputs,
  slices: readonly EndpointsSpec[],
  memory: ServiceUnits,
): Unit {
  const { namespace, resources, settings } = inputs;
  const own = resources.services.get(name);
  const splits = keep(memory, `${name} splits`, inputs.splits.get(name) ?? []);
  const endpoints = endpointsOfPorts(own, keep(memory, `${name} slices`, slices), inputs, memory);
  const named = keep(memory, `${name} named`, namedBy(splits, inputs));
  const address = resources.addresses.get(name);
  return memory.units.get(name, [own, endpoints, splits, named, address, settings], () => {
    const key = `${namespace}/${name}`;
    const { ports, findings } =
      own === undefined ? logicalPorts(splits, inputs) : { ports: endpoints, findings: unknownProtocols(own) };
    const routed = routePorts({ key, own: own !== undefined }, ports, splits, inputs);
    const service: UnreachedService = {
      namespace,
      name,
      key,
      addresses: addressesOf(own, address?.value.address),
      logical: own === undefined,
      exposed: own?.value.exposed ?? false,
      ports: routed.ports,
      origin: own === undefined ? originOf((splits[0] as Split).source, ['spec', 'service']) : originOf(own.source),
    };
    return { service, findings: [...findings, ...routed.findings] };
  });
}

/** What a root's routes depend on besides its splits: the Services and route groups that they name. */
function namedBy(splits: readonly Split[], scope: Scope): unknown[] {
  return splits.flatMap(split => [
    ...namedServices(split, scope),
    ...(split.value.spec.matches ?? []).map(match => scope.resources.routeGroups.get(match.name)),
  ]);
}

function addressesOf(own: Resource<ServiceSpec> | undefined, assigned: string | undefined): readonly string[] {
  if (own !== undefined && (own.value.headless || own.value.addresses.length > 0)) return own.value.addresses;
  return assigned === undefined ? [] : [assigned];
}

function endpointsOfPorts(
  own: Resource<ServiceSpec> | undefined,
  slices: readonly EndpointsSpec[],
  inputs: ServiceInputs,
  memory: ServiceUnits,
): readonly PortEndpoints[] {
  if (own === undefined) return noPorts;
  const { name } = own.ref;
  const previous = memory.endpoints.previous(name);
  return memory.endpoints.get(name, [own, slices, inputs.index, inputs.settings], () =>
    portEndpoints(own.value, slices, inputs, previous),
  );
}

const noPorts: readonly PortEndpoints[] = [];

function unknownProtocols({ source, value: { ports } }: Resource<ServiceSpec>): Finding[] {
  return ports
    .filter(port => !protocolOf(port).known)
    .map(({ appProtocol, number, path }) => {
      const message = `${appProtocol} is not a protocol that Heddle knows; port ${number} counts as TCP.`;
      return findingAt('ProtocolUnknown', source, [...path, 'appProtocol'], message);
    });
}

function keep<Item>(memory: ServiceUnits, key: string, next: readonly Item[]): readonly Item[] {
  const list = keepList(memory.lists.previous(key) as readonly Item[] | undefined, next);
  memory.lists.get(key, [list], () => list);
  return list;
}

import { type Finding, findingAt } from '../findings/finding.ts';
import { originOf } from '../model/origin.ts';
import type { Service } from '../model/service.ts';
import type { SplitRoot } from '../model/split.ts';
import type { EndpointsSpec } from '../store/kubernetes/endpoints.ts';
import type { ServiceSpec } from '../store/kubernetes/service.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import { logicalPorts } from './logical-root.ts';
import { keepList, type Memo, type Memory } from './memo.ts';
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
  /** By the name of the root. */
  readonly splits: ReadonlyMap<string, SplitRoot>;
  readonly findings: readonly Finding[];
}

/** What the Services of a namespace are made from. */
export interface ServiceInputs extends Scope, Servers {
  readonly splits: SplitRoots['roots'];
}

interface Unit {
  readonly service: UnreachedService;
  readonly splits: SplitRoot;
  readonly findings: readonly Finding[];
}

/** Compiles every Service and every logical root of a namespace; a unit is one of them. */
export class ServiceCompiler {
  readonly #slices: Memo<ReadonlyMap<string, readonly EndpointsSpec[]>>;
  readonly #lists: Memo<readonly unknown[]>;
  readonly #endpoints: Memo<readonly PortEndpoints[]>;
  readonly #units: Memo<Unit>;

  constructor(memory: Memory) {
    this.#slices = memory.memo();
    this.#lists = memory.memo();
    this.#endpoints = memory.memo();
    this.#units = memory.memo();
  }

  /** One pass. */
  compile(inputs: ServiceInputs): CompiledPorts {
    const { resources } = inputs;
    const services = new Map<string, UnreachedService>();
    const splits = new Map<string, SplitRoot>();
    const findings: Finding[] = [];
    const slices = this.#slices.get('', [resources.endpoints], () => slicesByService(resources));
    const names = [...new Set([...resources.services.keys(), ...inputs.splits.keys()])].toSorted();
    for (const name of names) {
      const unit = this.#compileUnit(name, inputs, slices.get(name) ?? []);
      services.set(name, unit.service);
      if (inputs.splits.has(name)) splits.set(name, unit.splits);
      findings.push(...unit.findings);
    }
    return { services, splits, findings };
  }

  #compileUnit(name: string, inputs: ServiceInputs, slices: readonly EndpointsSpec[]): Unit {
    const own = inputs.resources.services.get(name);
    const splits = this.#keep(`${name} splits`, inputs.splits.get(name) ?? []);
    const endpoints = this.#endpointsOf(own, this.#keep(`${name} slices`, slices), inputs);
    const named = this.#keep(`${name} named`, namedBy(splits, inputs));
    const address = inputs.resources.addresses.get(name)?.value.address;
    return this.#units.get(name, [own, endpoints, splits, named, address, inputs.settings], () => {
      const { ports, findings } =
        own === undefined ? logicalPorts(splits, inputs) : { ports: endpoints, findings: unknownProtocols(own) };
      const key = `${inputs.namespace}/${name}`;
      const routed = routePorts({ key, own: own !== undefined }, ports, splits, inputs);
      const service: UnreachedService = {
        namespace: inputs.namespace,
        name,
        key,
        addresses: addressesOf(own, address),
        headless: own?.value.headless ?? false,
        logical: own === undefined,
        ...(own?.value.selector !== undefined && { selector: own.value.selector }),
        exposed: own?.value.exposed ?? false,
        ports: routed.ports,
        origin: own === undefined ? originOf((splits[0] as Split).source, ['spec', 'service']) : originOf(own.source),
      };
      return { service, splits: routed.splits, findings: [...findings, ...routed.findings] };
    });
  }

  #endpointsOf(
    own: Resource<ServiceSpec> | undefined,
    slices: readonly EndpointsSpec[],
    inputs: ServiceInputs,
  ): readonly PortEndpoints[] {
    if (own === undefined) return noPorts;
    const { name } = own.ref;
    const previous = this.#endpoints.previous(name);
    return this.#endpoints.get(name, [own, slices, inputs.index, inputs.settings], () =>
      portEndpoints(own, slices, inputs, previous),
    );
  }

  #keep<Item>(key: string, next: readonly Item[]): readonly Item[] {
    const list = keepList(this.#lists.previous(key) as readonly Item[] | undefined, next);
    this.#lists.get(key, [list], () => list);
    return list;
  }
}

function slicesByService(resources: NamespaceResources): ReadonlyMap<string, readonly EndpointsSpec[]> {
  const all = [...resources.endpoints.values()].flatMap(resource => resource.value);
  return Map.groupBy(all, spec => spec.service);
}

/** What a root's routes depend on besides its splits: the Services and route groups that they name. */
function namedBy(splits: readonly Split[], scope: Scope): unknown[] {
  return splits.flatMap(split => [
    ...namedServices(split, scope),
    ...(split.value.spec.matches ?? []).map(match => scope.routeGroups.get(match.name)),
  ]);
}

function addressesOf(own: Resource<ServiceSpec> | undefined, assigned: string | undefined): readonly string[] {
  if (own !== undefined && (own.value.headless || own.value.addresses.length > 0)) return own.value.addresses;
  return assigned === undefined ? [] : [assigned];
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

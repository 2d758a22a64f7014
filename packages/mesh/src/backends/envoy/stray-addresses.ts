import { isInRange } from '../../model/address-range.ts';
import { directPortsOf } from '../../model/headless.ts';
import type { MeshModel, NamespaceModel } from '../../model/mesh-model.ts';
import type { MeshSettings } from '../../model/settings.ts';
import { remember } from './remember.ts';

/** Addresses of the mesh that lie outside the ranges that Services have theirs from; both sorted. */
export interface StrayAddresses {
  /** Of Services, whatever the port. */
  readonly services: readonly string[];
  /** Of pods that clients of headless Services connect to, by port; their other ports are nobody's. */
  readonly pods: ReadonlyMap<number, readonly string[]>;
}

/** Finds them. */
export type FindStrayAddresses = (namespaces: MeshModel['namespaces']) => StrayAddresses;

/** Makes a finder that looks only at namespaces whose Services have changed; nothing new is the same object as before. */
export function createStrayAddresses({ serviceRanges }: MeshSettings): FindStrayAddresses {
  const none: StrayAddresses = { services: [], pods: new Map() };
  const ofServices = new WeakMap<NamespaceModel['services'], readonly string[]>();
  const isStray = (address: string) => !serviceRanges.some(range => isInRange(address, range));
  let last = { strays: none, text: textOf(none) };
  return namespaces => {
    const found = [...namespaces.values()].map(({ services }) => ({
      addresses: remember(ofServices, services, () => addressesIn(services).filter(isStray)),
      direct: directPortsOf(services),
    }));
    const byPort = Map.groupBy(
      found.flatMap(({ direct }) => [...direct.values()]),
      ({ endpoint }) => endpoint.port,
    );
    const strays: StrayAddresses = {
      services: sorted(found.flatMap(({ addresses }) => addresses)),
      pods: new Map(
        [...byPort]
          .toSorted(([a], [b]) => a - b)
          .map(([port, pods]) => [port, sorted(pods.map(({ endpoint }) => endpoint.address))]),
      ),
    };
    const text = textOf(strays);
    if (text !== last.text) last = { strays, text };
    return last.strays;
  };
}

function addressesIn(services: NamespaceModel['services']): string[] {
  const addresses: string[] = [];
  for (const service of services.values()) addresses.push(...service.addresses);
  return addresses;
}

function sorted(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].toSorted();
}

function textOf({ services, pods }: StrayAddresses): string {
  return JSON.stringify([services, [...pods]]);
}

import { isInRange } from '../../model/address-range.ts';
import { directKey, directPortsOf } from '../../model/headless.ts';
import type { MeshModel, NamespaceModel } from '../../model/mesh-model.ts';
import type { Endpoint } from '../../model/service.ts';
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
  const isStray = (address: string) => !serviceRanges.some(range => isInRange(address, range));
  const known = new WeakMap<NamespaceModel['services'], NamespaceStrays>();
  let last = { strays: none, text: '' };
  return namespaces => {
    const found = Array.from(namespaces.values(), ({ services }) =>
      remember(known, services, () => straysOf(services, isStray)),
    );
    const text = found.map(strays => strays.text).join('');
    if (text !== last.text) last = { strays: unionOf(found), text };
    return last.strays;
  };
}

interface NamespaceStrays {
  readonly addresses: readonly string[];
  readonly endpoints: readonly Endpoint[];
  /** Tells it from others; empty where there are none. */
  readonly text: string;
}

function straysOf(services: NamespaceModel['services'], isStray: (address: string) => boolean): NamespaceStrays {
  const addresses = addressesIn(services).filter(isStray);
  const endpoints = Array.from(directPortsOf(services).values(), ({ endpoint }) => endpoint);
  const text = [...addresses, ...endpoints.map(directKey)].map(address => `${address} `).join('');
  return { addresses, endpoints, text };
}

function unionOf(found: readonly NamespaceStrays[]): StrayAddresses {
  const byPort = Map.groupBy(
    found.flatMap(({ endpoints }) => endpoints),
    ({ port }) => port,
  );
  const ports = [...byPort].toSorted(([a], [b]) => a - b);
  return {
    services: sorted(found.flatMap(({ addresses }) => addresses)),
    pods: new Map(ports.map(([port, pods]) => [port, sorted(pods.map(({ address }) => address))])),
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

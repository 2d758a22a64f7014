import { isInRange } from '../../model/address-range.ts';
import type { MeshModel, NamespaceModel } from '../../model/mesh-model.ts';
import type { Service } from '../../model/service.ts';
import type { MeshSettings } from '../../model/settings.ts';
import { remember } from './remember.ts';

/**
 * Finds the addresses of Services that lie outside the ranges that Services have their addresses from, sorted. Where no
 * call may leave the mesh nobody asks for them, and there are none.
 */
export type StrayAddresses = (namespaces: MeshModel['namespaces']) => readonly string[];

/** Makes a finder that looks only at Services that have changed; nothing new is the same list as before. */
export function createStrayAddresses({ serviceRanges, egress }: MeshSettings): StrayAddresses {
  if (egress === 'deny') return () => none;
  const ofServices = new WeakMap<NamespaceModel['services'], readonly string[]>();
  const ofAddresses = new WeakMap<Service['addresses'], readonly string[]>();
  const isStray = (address: string) => !serviceRanges.some(range => isInRange(address, range));
  const straysOf = ({ addresses }: Service) => remember(ofAddresses, addresses, () => addresses.filter(isStray));
  let last = none;
  return namespaces => {
    const strays = [...namespaces.values()].flatMap(({ services }) =>
      remember(ofServices, services, () => straysAmong(services.values(), straysOf)),
    );
    const sorted = [...new Set(strays)].toSorted();
    if (sorted.length !== last.length || sorted.some((address, index) => address !== last[index])) last = sorted;
    return last;
  };
}

function straysAmong(services: Iterable<Service>, straysOf: (service: Service) => readonly string[]): string[] {
  const strays: string[] = [];
  for (const service of services) strays.push(...straysOf(service));
  return strays;
}

const none: readonly string[] = [];

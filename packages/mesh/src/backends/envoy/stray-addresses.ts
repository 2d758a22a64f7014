import { isInRange } from '../../model/address-range.ts';
import type { MeshModel, NamespaceModel } from '../../model/mesh-model.ts';
import type { MeshSettings } from '../../model/settings.ts';

/**
 * Finds the addresses of Services that lie outside the ranges that Services have their addresses from, sorted. Where no
 * call may leave the mesh nobody asks for them, and there are none.
 */
export type StrayAddresses = (namespaces: MeshModel['namespaces']) => readonly string[];

/** Makes a finder that looks only at namespaces whose Services have changed; nothing new is the same list as before. */
export function createStrayAddresses({ serviceRanges, egress }: MeshSettings): StrayAddresses {
  if (egress === 'deny') return () => none;
  const found = new WeakMap<NamespaceModel['services'], readonly string[]>();
  const straysOf = (services: NamespaceModel['services']) => {
    let strays = found.get(services);
    if (strays === undefined) {
      strays = [...services.values()].flatMap(({ addresses }) =>
        addresses.filter(address => !serviceRanges.some(range => isInRange(address, range))),
      );
      found.set(services, strays);
    }
    return strays;
  };
  let last = none;
  return namespaces => {
    const strays = [...new Set([...namespaces.values()].flatMap(({ services }) => straysOf(services)))].toSorted();
    if (strays.length !== last.length || strays.some((address, index) => address !== last[index])) last = strays;
    return last;
  };
}

const none: readonly string[] = [];

import type { MeshModel } from '@heddle/mesh';

/** Addresses by fully qualified name: what resolves inside pods, logical roots included (H1). */
export type NameTable = Readonly<Record<string, readonly string[]>>;

/** The names of a mesh's Services. One without an address of its own stands for those of its ready pods. */
export function namesOf(model: MeshModel): NameTable {
  const names: Record<string, readonly string[]> = {};
  for (const { services } of model.namespaces.values()) {
    for (const { namespace, name, addresses, ports } of services.values()) {
      const endpoints = () =>
        ports.flatMap(port => port.endpoints.filter(({ ready }) => ready).map(({ address }) => address));
      const found = addresses.length > 0 ? addresses : [...new Set(endpoints())];
      names[`${name}.${namespace}.svc.${model.settings.clusterDomain}`] = found;
    }
  }
  return names;
}

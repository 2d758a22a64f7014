import type { Endpoint, MeshModel } from '@heddle/mesh';

/** Addresses by fully qualified name: what resolves inside pods, logical roots included (H1). */
export type NameTable = Readonly<Record<string, readonly string[]>>;

/** The names of a mesh's Services. A headless one stands for the addresses of its ready pods, which may have names of their own under it (H1). */
export function namesOf(model: MeshModel): NameTable {
  const names: Record<string, readonly string[]> = {};
  for (const { services } of model.namespaces.values()) {
    for (const { namespace, name, addresses, ports } of services.values()) {
      const own = `${name}.${namespace}.svc.${model.settings.clusterDomain}`;
      if (addresses.length > 0) {
        names[own] = addresses;
        continue;
      }
      const ready = ports.flatMap(port => port.endpoints.filter(endpoint => endpoint.ready));
      names[own] = addressesIn(ready);
      for (const [hostname, endpoints] of Map.groupBy(ready, endpoint => endpoint.hostname)) {
        if (hostname !== undefined) names[`${hostname}.${own}`] = addressesIn(endpoints);
      }
    }
  }
  return names;
}

function addressesIn(endpoints: readonly Endpoint[]): readonly string[] {
  return [...new Set(endpoints.map(({ address }) => address))];
}

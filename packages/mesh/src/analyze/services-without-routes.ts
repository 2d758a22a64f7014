import type { MeshModel, NamespaceModel } from '../model/mesh-model.ts';
import type { Service } from '../model/service.ts';

/**
 * Services of the mesh with an HTTP port of which no HTTPRouteGroup speaks, neither by a TrafficTarget to one of their
 * service accounts nor by the `matches` of a TrafficSplit: what is allowed of them is all or nothing. In order of
 * namespace and name.
 */
export function servicesWithoutRoutes({ namespaces }: MeshModel): Service[] {
  return [...namespaces.values()].flatMap(namespace => {
    const spokenOf = identitiesWithRoutes(namespace);
    return [...namespace.services.values()].filter(
      service => hasHttp(service) && !isSplitByRoutes(service, namespace) && !servedBy(service, spokenOf),
    );
  });
}

function identitiesWithRoutes({ targets, workloads }: NamespaceModel): ReadonlySet<string> {
  const identities = new Set<string>();
  for (const { destination, entries, origin } of targets.values()) {
    if (destination === undefined || entries.length === 0) continue;
    for (const { identity } of destination.accounts) identities.add(identity);
    if (destination.selector === undefined) continue;
    for (const { identity, ports } of workloads.values()) {
      const isPicked = ports.some(({ policy }) => policy.authorizations.some(({ target }) => target === origin));
      if (isPicked) identities.add(identity);
    }
  }
  return identities;
}

/** A logical root is no Service, and one outside the mesh is under no policy (H6). */
function hasHttp({ logical, inMesh, ports }: Service): boolean {
  if (!inMesh || logical) return false;
  return ports.some(
    ({ protocol, identities }) => (protocol === 'http' || protocol === 'detect') && identities.length > 0,
  );
}

function isSplitByRoutes({ name }: Service, { splits }: NamespaceModel): boolean {
  return splits.get(name)?.matching.some(({ matches }) => matches !== 'all' && matches.length > 0) ?? false;
}

function servedBy({ ports }: Service, identities: ReadonlySet<string>): boolean {
  return ports.some(port => port.identities.some(identity => identities.has(identity)));
}

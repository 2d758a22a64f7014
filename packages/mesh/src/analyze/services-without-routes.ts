import type { MeshModel, NamespaceModel } from '../model/mesh-model.ts';
import type { Service } from '../model/service.ts';

/**
 * Services of the mesh with an HTTP port of which no HTTPRouteGroup speaks, neither by a TrafficTarget to one of their
 * service accounts nor by the `matches` of a TrafficSplit: what is allowed of them is all or nothing. In order of
 * namespace and name.
 */
export function servicesWithoutRoutes({ namespaces }: MeshModel): Service[] {
  return [...namespaces.values()].flatMap(namespace => {
    let found = known.get(namespace);
    if (found === undefined) known.set(namespace, (found = withoutRoutes(namespace)));
    return found;
  });
}

const known = new WeakMap<NamespaceModel, readonly Service[]>();

function withoutRoutes(namespace: NamespaceModel): readonly Service[] {
  const spokenOf = identitiesWithRoutes(namespace);
  return [...namespace.services.values()].filter(
    service => isAsked(service, namespace) && !isSplitByRoutes(service, namespace) && !servedBy(service, spokenOf),
  );
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

/**
 * Whether anybody asks for rules of its requests. A logical root is no Service, one outside the mesh is under no policy (H6),
 * and where policy is `allow-all` nobody asks (I3).
 */
function isAsked({ logical, inMesh, ports }: Service, { workloads }: NamespaceModel): boolean {
  if (!inMesh || logical) return false;
  return ports.some(
    ({ protocol, endpoints }) =>
      (protocol === 'http' || protocol === 'detect') &&
      endpoints.some(({ workload: key }) => {
        const workload = key === undefined ? undefined : workloads.get(key.slice(key.indexOf('/') + 1));
        return workload !== undefined && workload.modes.policy !== 'allow-all';
      }),
  );
}

function isSplitByRoutes({ name }: Service, { splits }: NamespaceModel): boolean {
  return splits.get(name)?.matching.some(({ matches }) => matches !== 'all' && matches.length > 0) ?? false;
}

function servedBy({ ports }: Service, identities: ReadonlySet<string>): boolean {
  return ports.some(port => port.identities.some(identity => identities.has(identity)));
}

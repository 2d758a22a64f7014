import { type Finding, findingAt } from '../findings/finding.ts';
import type { NamespaceResources } from '../store/resource-set.ts';
import type { ResolvedTarget } from './targets.ts';
import type { PodGroup } from './workloads.ts';

/** Says which targets protect nobody: their destination does not exist yet, or none of its pods has a sidecar (H6). */
export function sayDestinations(
  targets: readonly ResolvedTarget[],
  resources: NamespaceResources,
  groups: readonly PodGroup[],
): Finding[] {
  const inMesh = new Set(groups.map(({ serviceAccount }) => serviceAccount));
  const withPods = new Set([...resources.pods.values()].map(({ value }) => value.serviceAccount));
  return targets.flatMap(({ target: { ref, source, value } }) => {
    const { kind, name } = value.spec.destination;
    if (kind === 'ServiceAccount' && inMesh.has(name)) return [];
    const path = ['spec', 'destination', 'name'];
    if (kind === 'ServiceAccount' && withPods.has(name)) {
      const message = `No pod of the service account ${name} has a sidecar, so this target protects nobody. Let them into the mesh.`;
      return [findingAt('NotInMesh', source, path, message)];
    }
    if (kind === 'ServiceAccount' && resources.serviceAccounts.has(name)) return [];
    const message = `There is no ${kind} ${name} in ${ref.namespace}; the target is in force as soon as there is one.`;
    return [findingAt('IdentityNotFound', source, path, message)];
  });
}

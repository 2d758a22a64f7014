import type { Reason } from '../findings/catalogue.ts';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { NamespaceResources } from '../store/resource-set.ts';
import type { TargetUnit } from './targets.ts';
import type { PodGroup } from './workloads.ts';

/** Says which targets protect nobody: their destination does not exist yet, or none of its pods has a sidecar (H6). */
export function sayDestinations(
  targets: readonly TargetUnit[],
  resources: NamespaceResources,
  groups: readonly PodGroup[],
): Finding[] {
  const inMesh = new Set(groups.map(({ serviceAccount }) => serviceAccount));
  const withPods = new Set([...resources.pods.values()].map(({ value }) => value.serviceAccount));
  return targets.flatMap(({ target: { ref, source }, resolved }) => {
    // A destination that stands for no pod has been spoken of where it was followed.
    const name = resolved.destination?.serviceAccount;
    if (name === undefined) return [];
    const say = (reason: Reason, message: string) => [
      findingAt(reason, source, ['spec', 'destination', 'name'], message),
    ];
    if (inMesh.has(name)) return [];
    if (withPods.has(name)) {
      const message = `No pod of the service account ${name} has a sidecar, so this target protects nobody. Let them into the mesh.`;
      return say('NotInMesh', message);
    }
    if (resources.serviceAccounts.has(name)) return [];
    const message = `There is no ServiceAccount ${name} in ${ref.namespace}; the target is in force as soon as there is one.`;
    return say('IdentityNotFound', message);
  });
}

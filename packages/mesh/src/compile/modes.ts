import { type Finding, findingAt } from '../findings/finding.ts';
import type { Modes } from '../model/modes.ts';
import type { NamespaceSpec } from '../store/kubernetes/namespace.ts';
import type { Resource } from '../store/resource-set.ts';
import type { Memo } from './memo.ts';
import type { LocalWorkload } from './namespace.ts';
import type { PodGroup } from './workloads.ts';

/** What holds in a namespace: its own annotations, else the mesh's (I4). The same object as long as it says the same. */
export function modesOfNamespace(
  namespace: Resource<NamespaceSpec> | undefined,
  ofMesh: Modes,
  memory: Memo<Modes>,
): Modes {
  const modes = { ...ofMesh, ...namespace?.value.modes };
  return memory.get(namespace?.ref.name ?? '', Object.values(modes), () => modes);
}

/** Says what is wrong with the modes of workloads, once for each: its pods are alike. */
export function sayModes(groups: readonly PodGroup[], workloads: ReadonlyMap<string, LocalWorkload>): Finding[] {
  return groups.flatMap(group => {
    const [pod] = group.pods;
    const workload = workloads.get(group.name);
    if (pod === undefined || workload === undefined) return [];
    const mistakes = group.modeMistakes.map(({ path, message }) => findingAt('InvalidMode', pod.source, path, message));
    return workload.modes.mtls === 'permissive' && workload.modes.policy === 'enforce'
      ? [...mistakes, permissiveButEnforced(workload, group)]
      : mistakes;
  });
}

function permissiveButEnforced({ key }: LocalWorkload, { pods, modes }: PodGroup): Finding {
  const message = `mtls is permissive for ${key}, but its policy is enforce, which plain text never passes. Set policy to audit or allow-all, or mtls to strict.`;
  const path = modes.mtls === undefined ? [] : ['metadata', 'annotations', 'heddle.dev/mtls'];
  return findingAt('PermissiveButEnforced', (pods as [PodGroup['pods'][number]])[0].source, path, message);
}

import type { Reason } from '../findings/catalogue.ts';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { NamespaceResources } from '../store/resource-set.ts';
import { type PodIndex, selectPods } from './endpoints.ts';
import type { TargetUnit } from './targets.ts';
import type { PodGroup } from './workloads.ts';

/** The targets whose destination a workload is, by the workload's name; each list in the order of the targets' names. */
export type Protectors = ReadonlyMap<string, readonly TargetUnit[]>;

/** Finds which targets open the pods of which workloads: by their account, or by their labels (T11). */
export function protectorsOf(targets: readonly TargetUnit[], groups: readonly PodGroup[], index: PodIndex): Protectors {
  const byAccount = new Map<string, TargetUnit[]>();
  const picked = new Map<TargetUnit, ReadonlySet<string>>();
  for (const target of targets) {
    const { accounts = [], selector } = target.resolved.destination ?? {};
    for (const { name } of accounts) {
      const list = byAccount.get(name);
      if (list === undefined) byAccount.set(name, [target]);
      else list.push(target);
    }
    if (selector !== undefined) picked.set(target, new Set(workloadsPicked(selector, index)));
  }
  const protectors = new Map<string, readonly TargetUnit[]>();
  for (const { name, serviceAccount, pods } of groups) {
    const own = byAccount.get(serviceAccount) ?? noTargets;
    // The pods of a workload have the same labels where a selector asks for them.
    const workload = index.workloadOf.get(pods[0]?.name ?? '') ?? '';
    const isPicked = (target: TargetUnit) => own.includes(target) || picked.get(target)?.has(workload) === true;
    protectors.set(name, picked.size === 0 ? own : targets.filter(isPicked));
  }
  return protectors;
}

const noTargets: readonly TargetUnit[] = [];

function workloadsPicked(selector: Readonly<Record<string, string>>, index: PodIndex): string[] {
  return podsPicked(selector, index).flatMap(({ ref }) => index.workloadOf.get(ref.name) ?? []);
}

/** Unlike a Service without a selector, a binding without labels means every pod (T11). */
function podsPicked(selector: Readonly<Record<string, string>>, index: PodIndex) {
  return Object.keys(selector).length === 0 ? [...index.pods.values()] : selectPods(selector, index);
}

/** Says which targets protect nobody: their destination does not exist yet, or none of its pods has a sidecar (H6). */
export function sayDestinations(
  targets: readonly TargetUnit[],
  resources: NamespaceResources,
  index: PodIndex,
): Finding[] {
  const accounts = accountsOf(index);
  return targets.flatMap(({ target: { ref, source }, resolved: { destination } }) => {
    // A destination that stands for no pod has been spoken of where it was followed.
    if (destination === undefined) return [];
    const say = (reason: Reason, message: string) => [
      findingAt(reason, source, ['spec', 'destination', 'name'], message),
    ];
    if (destination.accounts.some(({ name }) => accounts.get(name) === 'in the mesh')) return [];
    const picked = destination.selector === undefined ? [] : podsPicked(destination.selector, index);
    if (picked.some(pod => index.workloadOf.has(pod.ref.name))) return [];
    const [account] = destination.accounts;
    if (picked.length > 0 || destination.accounts.some(({ name }) => accounts.has(name))) {
      const whose = account === undefined ? 'with these labels' : `of the service account ${account.name}`;
      const message = `No pod ${whose} has a sidecar, so this target protects nobody. Let them into the mesh.`;
      return say('NotInMesh', message);
    }
    if (destination.accounts.some(({ name }) => resources.serviceAccounts.has(name))) return [];
    const message =
      account === undefined
        ? `No pod of ${ref.namespace} has these labels; the target is in force as soon as one does.`
        : `There is no ServiceAccount ${account.name} in ${ref.namespace}; the target is in force as soon as there is one.`;
    return say('IdentityNotFound', message);
  });
}

/** The accounts of pods, and whether any pod of one is in the mesh. */
function accountsOf(index: PodIndex): ReadonlyMap<string, 'in the mesh' | 'outside'> {
  const accounts = new Map<string, 'in the mesh' | 'outside'>();
  for (const { ref, value } of index.pods.values()) {
    if (index.workloadOf.has(ref.name)) accounts.set(value.serviceAccount, 'in the mesh');
    else if (!accounts.has(value.serviceAccount)) accounts.set(value.serviceAccount, 'outside');
  }
  return accounts;
}

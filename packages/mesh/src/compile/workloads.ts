import { originOf } from '../model/origin.ts';
import type { Pod } from '../model/workload.ts';
import type { PodSpec } from '../store/kubernetes.ts';
import type { Resource } from '../store/resource-set.ts';

/** Pods of one controller that are alike, before their ports and policy are known. */
export interface PodGroup {
  readonly name: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namedPorts: ReadonlyMap<string, number>;
  readonly pods: readonly Pod[];
  /** The pod that stands for all of them. */
  readonly first: Resource<PodSpec>;
}

/**
 * Groups the pods of a namespace that have a sidecar into workloads. Pods of one controller that differ in labels,
 * service account or named ports (as during a roll-out) make workloads of their own, told apart by a number.
 */
export function groupPods(pods: ReadonlyMap<string, Resource<PodSpec>>): PodGroup[] {
  const alike = new Map<string, Resource<PodSpec>[]>();
  for (const name of [...pods.keys()].toSorted()) {
    const pod = pods.get(name);
    if (pod === undefined || !pod.value.inMesh) continue;
    const key = JSON.stringify([
      pod.value.workload,
      pod.value.serviceAccount,
      sortedEntries(pod.value.labels),
      [...pod.value.namedPorts],
    ]);
    const group = alike.get(key);
    if (group === undefined) alike.set(key, [pod]);
    else group.push(pod);
  }
  const taken = new Map<string, number>();
  return [...alike.values()].map(members => {
    const [first] = members as [Resource<PodSpec>];
    const count = (taken.get(first.value.workload) ?? 0) + 1;
    taken.set(first.value.workload, count);
    return {
      name: count === 1 ? first.value.workload : `${first.value.workload}~${count}`,
      serviceAccount: first.value.serviceAccount,
      labels: first.value.labels,
      namedPorts: first.value.namedPorts,
      pods: members.map(toPod),
      first,
    };
  });
}

const views = new WeakMap<Resource<PodSpec>, Pod>();

function toPod(pod: Resource<PodSpec>): Pod {
  let view = views.get(pod);
  if (view === undefined) {
    view = {
      name: pod.ref.name,
      address: pod.value.address,
      ready: pod.value.ready,
      source: originOf(pod.source).source,
    };
    views.set(pod, view);
  }
  return view;
}

function sortedEntries(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels)
    .filter(([name]) => name !== 'pod-template-hash' && name !== 'controller-revision-hash')
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

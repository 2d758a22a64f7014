import type { NamespaceModel } from '../model/mesh-model.ts';
import type { Workload } from '../model/workload.ts';

/** Labels that select pods, as `matchLabels` has them. */
export type Labels = Readonly<Record<string, string>>;

/** Workloads that one selector picks, and no others of the mesh. */
export interface Selection {
  readonly labels: Labels;
  /** By name. */
  readonly workloads: readonly Workload[];
}

/** Selectors of some workloads, and those of which labels can't tell the pods from others. */
export interface Selections {
  readonly selections: readonly Selection[];
  readonly indistinct: readonly Workload[];
}

/**
 * Selects workloads of a namespace by their labels, since other meshes select by nothing else: by one selector where they
 * share labels that no other workload has, else by one for each. A workload that has no labels, or all of whose labels
 * another has that is not among them, is in `indistinct`. Pods without a sidecar are not in the model: one with the same
 * labels is selected as well.
 */
export function selectWorkloads(namespace: NamespaceModel, workloads: readonly Workload[]): Selections {
  if (workloads.length === 0) return { selections: [], indistinct: [] };
  const names = new Set(workloads.map(({ name }) => name));
  const others = [...namespace.workloads.values()].filter(({ name }) => !names.has(name));
  const isDistinct = (labels: Labels) =>
    Object.keys(labels).length > 0 && !others.some(other => isSelected(other, labels));
  const sorted = workloads.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const shared = sharedLabels(sorted);
  if (isDistinct(shared)) return { selections: [{ labels: shared, workloads: sorted }], indistinct: [] };
  const [distinct, indistinct] = [
    sorted.filter(({ labels }) => isDistinct(labels)),
    sorted.filter(({ labels }) => !isDistinct(labels)),
  ];
  return { selections: distinct.map(workload => ({ labels: workload.labels, workloads: [workload] })), indistinct };
}

/** The name of a workload as part of the name of an object. */
export function namePart({ name }: Workload): string {
  return name.replaceAll('~', '-');
}

function isSelected(workload: Workload, labels: Labels): boolean {
  return Object.entries(labels).every(([key, value]) => workload.labels[key] === value);
}

function sharedLabels([first, ...rest]: readonly Workload[]): Labels {
  const common = Object.entries(first?.labels ?? {}).filter(([key, value]) =>
    rest.every(({ labels }) => labels[key] === value),
  );
  return Object.fromEntries(common);
}

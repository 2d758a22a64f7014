import type { NamespaceModel } from '../model/mesh-model.ts';
import type { Workload } from '../model/workload.ts';

/** Labels that select pods, as `matchLabels` has them. */
export type Labels = Readonly<Record<string, string>>;

/** Pods of workloads that labels select, and no others of the mesh. */
export interface Selection {
  readonly labels: Labels;
  /** Of one service account, by name. */
  readonly workloads: readonly Workload[];
}

/**
 * Selects the pods of a service account by their labels, since other meshes select by nothing else: by one selector where
 * the workloads share labels that no workload of another account has, else by one for each. A workload that labels can't
 * tell from one of another account is in `indistinct`: it has no labels, or all of its labels are those of the other.
 * Pods without a sidecar are not in the model; one with the same labels is selected as well.
 */
export function selectAccount(
  namespace: NamespaceModel,
  serviceAccount: string,
): { readonly selections: readonly Selection[]; readonly indistinct: readonly Workload[] } {
  const all = [...namespace.workloads.values()];
  const workloads = all.filter(workload => workload.serviceAccount === serviceAccount).toSorted(byName);
  const others = all.filter(workload => workload.serviceAccount !== serviceAccount);
  if (workloads.length === 0) return { selections: [], indistinct: [] };
  const isDistinct = (labels: Labels) =>
    Object.keys(labels).length > 0 && !others.some(other => isSelected(other, labels));
  const shared = sharedLabels(workloads);
  if (isDistinct(shared)) return { selections: [{ labels: shared, workloads }], indistinct: [] };
  const indistinct = workloads.filter(({ labels }) => !isDistinct(labels));
  const selections = workloads
    .filter(workload => !indistinct.includes(workload))
    .map(workload => ({ labels: workload.labels, workloads: [workload] }));
  return { selections, indistinct };
}

/** Selects the pods of one workload; `undefined` where labels can't tell them from those of another. */
export function selectWorkload(namespace: NamespaceModel, workload: Workload): Labels | undefined {
  const { labels } = workload;
  if (Object.keys(labels).length === 0) return undefined;
  const others = [...namespace.workloads.values()].filter(other => other.name !== workload.name);
  return others.some(other => isSelected(other, labels)) ? undefined : labels;
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

function byName(a: Workload, b: Workload): number {
  return a.name < b.name ? -1 : 1;
}

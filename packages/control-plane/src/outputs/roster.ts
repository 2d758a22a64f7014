import type { MeshModel, Workload } from '@heddle/mesh';
import { type SidecarRef, sidecarsOf, sidecarsOfWorkload } from './sidecar-ref.ts';

/** What a model changes of the sidecars that there are. */
export interface RosterChange {
  /** Node ids of those that are no more. */
  readonly gone: ReadonlySet<string>;
  /** Keys of the workloads that came or changed. */
  readonly workloads: ReadonlySet<string>;
}

/** The sidecars of the last model. From one model to the next it looks only at workloads that changed. */
export class Roster {
  #namespaces: MeshModel['namespaces'] = new Map();
  #list: readonly SidecarRef[] | undefined;
  /** Keys of their workloads, by node id. */
  readonly #workloads = new Map<string, string>();

  /** Every sidecar, by namespace and workload. */
  get list(): readonly SidecarRef[] {
    this.#list ??= sidecarsOf(this.#namespaces);
    return this.#list;
  }

  /** Key of the workload that a node is a sidecar of. */
  workloadOf(nodeId: string): string | undefined {
    return this.#workloads.get(nodeId);
  }

  /** The sidecars of a workload, by its key. */
  of(key: string): readonly SidecarRef[] {
    const slash = key.indexOf('/');
    const workload = this.#namespaces.get(key.slice(0, slash))?.workloads.get(key.slice(slash + 1));
    return workload === undefined ? [] : sidecarsOfWorkload(workload);
  }

  /** Takes the next model in. */
  meet({ namespaces }: MeshModel): RosterChange {
    const { before, now } = changedWorkloads(this.#namespaces, namespaces);
    this.#namespaces = namespaces;
    // Of a workload that differs in policy alone the sidecars are the same.
    const left = new Set(before.flatMap(workload => sidecarsOfWorkload(workload).map(({ nodeId }) => nodeId)));
    for (const { nodeId, workload } of now.flatMap(sidecarsOfWorkload)) {
      if (!left.delete(nodeId)) this.#list = undefined;
      this.#workloads.set(nodeId, workload);
    }
    for (const nodeId of left) this.#workloads.delete(nodeId);
    if (left.size > 0) this.#list = undefined;
    return { gone: left, workloads: new Set(now.map(({ key }) => key)) };
  }
}

type Namespaces = MeshModel['namespaces'];

function changedWorkloads(
  before: Namespaces,
  now: Namespaces,
): { readonly before: Workload[]; readonly now: Workload[] } {
  const changed = { before: [] as Workload[], now: [] as Workload[] };
  for (const name of new Set([...before.keys(), ...now.keys()])) {
    const [old, fresh] = [before.get(name)?.workloads, now.get(name)?.workloads];
    if (old === fresh) continue;
    for (const [key, workload] of old ?? []) if (fresh?.get(key) !== workload) changed.before.push(workload);
    for (const [key, workload] of fresh ?? []) if (old?.get(key) !== workload) changed.now.push(workload);
  }
  return changed;
}

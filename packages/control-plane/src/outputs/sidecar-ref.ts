import type { MeshModel, Workload } from '@heddle/mesh';
import { sidecarNodeId } from '../sidecar/bootstrap.ts';

/** One sidecar that there is to be. */
export interface SidecarRef {
  readonly nodeId: string;
  /** Key of its workload, `namespace/name`. */
  readonly workload: string;
  readonly namespace: string;
  readonly pod: string;
  /** SPIFFE ID. */
  readonly identity: string;
  readonly serviceAccount: string;
}

/** The sidecars of a mesh: one for each pod that has an address. */
export function sidecarsOf(namespaces: MeshModel['namespaces']): SidecarRef[] {
  const sidecars: SidecarRef[] = [];
  for (const { workloads } of namespaces.values()) {
    for (const workload of workloads.values()) sidecars.push(...sidecarsOfWorkload(workload));
  }
  return sidecars;
}

const refs = new WeakMap<Workload, readonly SidecarRef[]>();

/** The same of one workload: the same objects for as long as it is. */
export function sidecarsOfWorkload(workload: Workload): readonly SidecarRef[] {
  let found = refs.get(workload);
  if (found === undefined) {
    const { key, namespace, identity, serviceAccount } = workload;
    found = workload.pods.flatMap(({ name, address }) => {
      if (address === undefined) return [];
      const nodeId = sidecarNodeId({ ip: address, name, namespace });
      return [{ nodeId, workload: key, namespace, pod: name, identity, serviceAccount }];
    });
    refs.set(workload, found);
  }
  return found;
}

import type { TrafficSplit } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import { readServiceName } from '../model/service-name.ts';
import type { Resource } from '../store/resource-set.ts';
import type { Scope } from './scope.ts';

/** A TrafficSplit, read. */
export type Split = Resource<TrafficSplit>;

/** The splits of a namespace by the name of their root. */
export interface SplitRoots {
  /** Each list is in the order of S11. */
  readonly roots: ReadonlyMap<string, readonly Split[]>;
  readonly findings: readonly Finding[];
}

/**
 * Finds the root of every split of a namespace. Left out are a host outside (S4: it applies at the front door only), and
 * a Service of another namespace, for which the split was refused when it was read.
 */
export function splitsByRoot({ namespace, resources, settings }: Scope): SplitRoots {
  const roots = new Map<string, Split[]>();
  const findings: Finding[] = [];
  for (const split of resources.trafficSplits.values()) {
    const root = readServiceName(split.value.spec.service, namespace, settings.clusterDomain);
    if (root.kind === 'external') {
      const message = `${root.host} is not a Service of this cluster; the split applies to no call inside the mesh. Name a Service of ${namespace}.`;
      findings.push(findingAt('Unsupported', split.source, ['spec', 'service'], message));
    } else if (root.namespace === namespace) {
      const list = roots.get(root.name);
      if (list === undefined) roots.set(root.name, [split]);
      else list.push(split);
    }
  }
  for (const list of roots.values()) list.sort(olderFirst);
  return { roots, findings };
}

/** Older first; an object without a time of creation counts as younger than any with one. */
function olderFirst(a: Split, b: Split): number {
  const [x, y] = [
    a.source.object.metadata.creationTimestamp ?? '9999',
    b.source.object.metadata.creationTimestamp ?? '9999',
  ];
  return x < y ? -1 : x > y ? 1 : a.ref.name < b.ref.name ? -1 : 1;
}

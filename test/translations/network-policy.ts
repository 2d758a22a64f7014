import type { Manifest } from '@heddle/mesh';
import { field, objectsOf, type Place, selects, type Visit } from './objects.ts';

interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>;
}

interface Ingress {
  readonly from: readonly { readonly namespaceSelector?: Selector; readonly podSelector: Selector }[];
  readonly ports: readonly { readonly port: number }[];
}

/** Whether NetworkPolicies let a connection in: any rule of any that selects the pod, or none selects it. */
export function networkAllows(manifests: readonly Manifest[], place: Place, visit: Visit): boolean {
  const policies = objectsOf(manifests, 'NetworkPolicy', place.namespace).filter(policy =>
    selects(field(policy, 'spec', 'podSelector', 'matchLabels'), place.labels),
  );
  const rules = policies.flatMap(policy => field<readonly Ingress[]>(policy, 'spec', 'ingress') ?? []);
  return policies.length === 0 || rules.some(rule => matches(rule, place, visit));
}

function matches({ from, ports }: Ingress, place: Place, visit: Visit): boolean {
  if (!ports.some(({ port }) => port === place.port)) return false;
  return from.some(({ namespaceSelector, podSelector }) => {
    const home = namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ?? place.namespace;
    return home === visit.namespace && selects(podSelector.matchLabels, visit.labels);
  });
}

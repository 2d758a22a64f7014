/**
 * What Heddle does with objects of a kind. `mesh`: they are what the mesh is compiled from; `pods`: what pods are run from;
 * `pending`: known, and without effect yet; `traffic`: calls for tests, no resource; `none`: known by their scope only.
 */
export type KindUse = 'mesh' | 'pods' | 'pending' | 'traffic' | 'none';

/** A kind of object that Heddle knows. */
export interface KindInfo {
  /** Empty for Kubernetes' core. */
  readonly group: string;
  readonly kind: string;
  /** Versions of the group in which it is read, older first. */
  readonly versions: readonly string[];
  readonly scope: 'namespaced' | 'cluster';
  readonly use: KindUse;
  /** Whether it says what the mesh is to do, so that its status tells whether it is in force. */
  readonly policy: boolean;
}

const latest = ['v1alpha4'];
const all = ['v1alpha1', 'v1alpha2', 'v1alpha3', 'v1alpha4'];
const policy = { policy: true };
const cluster = { scope: 'cluster' } as const;

/** Every kind that Heddle knows: the one place that says what is read, in which versions, and what is of the cluster. */
export const kinds: readonly KindInfo[] = [
  known('access.smi-spec.io/TrafficTarget', all, 'mesh', policy),
  known('access.smi-spec.io/IdentityBinding', latest, 'mesh', policy),
  known('specs.smi-spec.io/HTTPRouteGroup', all, 'mesh', policy),
  known('specs.smi-spec.io/TCPRoute', all, 'mesh', policy),
  known('specs.smi-spec.io/UDPRoute', latest, 'mesh', policy),
  known('specs.smi-spec.io/ServiceProfile', latest, 'mesh', policy),
  known('split.smi-spec.io/TrafficSplit', all, 'mesh', policy),
  known('metrics.smi-spec.io/TrafficMetrics', ['v1alpha1', 'v1alpha2'], 'pending', policy),
  known('heddle.dev/MeshConfig', ['v1alpha1'], 'mesh', { ...policy, ...cluster }),
  known('heddle.dev/AssignedAddress', ['v1alpha1'], 'mesh'),
  known('heddle.dev/Traffic', ['v1alpha1'], 'traffic'),
  known('/Namespace', ['v1'], 'mesh', cluster),
  known('/ServiceAccount', ['v1'], 'mesh'),
  known('/Service', ['v1'], 'mesh'),
  known('/Pod', ['v1'], 'mesh'),
  known('/Endpoints', ['v1'], 'mesh'),
  known('discovery.k8s.io/EndpointSlice', ['v1beta1', 'v1'], 'mesh'),
  known('/ConfigMap', ['v1'], 'pods'),
  known('/Secret', ['v1'], 'pods'),
  known('apps/Deployment', ['v1'], 'pods'),
  known('apps/StatefulSet', ['v1'], 'pods'),
  known('apps/DaemonSet', ['v1'], 'pods'),
  known('batch/Job', ['v1'], 'pods'),
  known('/Node', ['v1'], 'none', cluster),
  known('apiextensions.k8s.io/CustomResourceDefinition', ['v1'], 'none', cluster),
];

const byName: ReadonlyMap<string, KindInfo> = new Map(kinds.map(info => [`${info.group}/${info.kind}`, info]));

/** What is known of a kind, whatever the version; `undefined` for one that Heddle has not heard of. */
export function kindOf(apiVersion: string, kind: string): KindInfo | undefined {
  return byName.get(`${groupOf(apiVersion)}/${kind}`);
}

/** The group of an API version; empty for the core one. */
export function groupOf(apiVersion: string): string {
  return apiVersion.slice(0, Math.max(apiVersion.indexOf('/'), 0));
}

/** An API version without its group. */
export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

function known(
  name: string,
  versions: readonly string[],
  use: KindUse,
  rest: Partial<Pick<KindInfo, 'scope' | 'policy'>> = {},
): KindInfo {
  const [group = '', kind = ''] = name.split('/');
  return { group, kind, versions, use, scope: 'namespaced', policy: false, ...rest };
}

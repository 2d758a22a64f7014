/**
 * What a kind is to Heddle: `read`; `notRun`: its pods are not made from it, though it has some; `traffic`: calls for tests,
 * no resource; `unknown`: left alone.
 */
export type KindUse = 'read' | 'notRun' | 'traffic' | 'unknown';

const uses: ReadonlyMap<string, KindUse> = new Map(
  Object.entries({
    'v1/Namespace': 'read',
    'v1/ServiceAccount': 'read',
    'v1/Service': 'read',
    'v1/Pod': 'read',
    'v1/Endpoints': 'read',
    'v1/ConfigMap': 'read',
    'v1/Secret': 'read',
    'apps/v1/Deployment': 'read',
    'apps/v1/StatefulSet': 'notRun',
    'apps/v1/DaemonSet': 'notRun',
    'batch/v1/Job': 'notRun',
    'discovery.k8s.io/v1/EndpointSlice': 'read',
    'discovery.k8s.io/v1beta1/EndpointSlice': 'read',
  } satisfies Record<string, KindUse>),
);

/** Kinds that are known in whatever version: their parsers say which ones they read. */
const usesInAnyVersion: ReadonlyMap<string, KindUse> = new Map(
  Object.entries({
    'access.smi-spec.io/TrafficTarget': 'read',
    'access.smi-spec.io/IdentityBinding': 'read',
    'specs.smi-spec.io/HTTPRouteGroup': 'read',
    'specs.smi-spec.io/TCPRoute': 'read',
    'specs.smi-spec.io/UDPRoute': 'read',
    'specs.smi-spec.io/ServiceProfile': 'read',
    'split.smi-spec.io/TrafficSplit': 'read',
    'metrics.smi-spec.io/TrafficMetrics': 'read',
    'heddle.dev/MeshConfig': 'read',
    'heddle.dev/AssignedAddress': 'read',
    'heddle.dev/Traffic': 'traffic',
  } satisfies Record<string, KindUse>),
);

/** What a kind is to Heddle. */
export function useOf(apiVersion: string, kind: string): KindUse {
  const known = uses.get(`${apiVersion}/${kind}`) ?? usesInAnyVersion.get(`${apiVersion.split('/')[0]}/${kind}`);
  return known ?? 'unknown';
}

/** The group of an API version; empty for the core one. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

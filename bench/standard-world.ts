import type { KubeObject, SourceObject } from '@heddle/smi';

/** Namespaces that the services of the standard world are spread over. */
const namespaceCount = 20;

/** Other services that each service may call. */
const callsPerService = 5;

/**
 * The standard world of every benchmark: `services` services in 20 namespaces, each with its own service account and two
 * pods; each may call five others, by a TrafficTarget and an HTTPRouteGroup of three entries; every tenth has a
 * TrafficSplit over two backends.
 */
export function standardWorld(services: number): SourceObject[] {
  const objects: KubeObject[] = [];
  for (let n = 0; n < namespaceCount; n++) objects.push(named('v1', 'Namespace', `ns-${n}`));
  for (let i = 0; i < services; i++) objects.push(...serviceObjects(i, services));
  return objects.map(each => ({ object: each }));
}

/** The TrafficSplit of service `i` with a weight of `weight` to 100 for the service itself. */
export function splitOf(i: number, services: number, weight: number): SourceObject {
  const backends = [
    { service: `svc-${i}`, weight },
    { service: `svc-${(i + namespaceCount) % services}`, weight: 100 - weight },
  ];
  const split = named('split.smi-spec.io/v1alpha4', 'TrafficSplit', `split-${i}`, i);
  return { object: { ...split, spec: { service: `svc-${i}`, backends } } };
}

/** A pod of service `i`, with another address for each `generation`. */
export function podOf(i: number, replica: number, generation = 0): SourceObject {
  const pod = named('v1', 'Pod', `svc-${i}-${replica}`, i);
  return {
    object: {
      ...pod,
      metadata: {
        ...pod.metadata,
        labels: { app: `svc-${i}` },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: `svc-${i}`, controller: true }],
      },
      spec: { serviceAccountName: `sa-${i}` },
      status: { podIP: address(10 + generation, i * 2 + replica), phase: 'Running' },
    },
  };
}

/** The namespace of service `i`. */
export function namespaceOf(i: number): string {
  return `ns-${i % namespaceCount}`;
}

function serviceObjects(i: number, services: number): KubeObject[] {
  const sources = Array.from({ length: callsPerService }, (_, k) => {
    const caller = (i + 1 + k * 7) % services;
    return { kind: 'ServiceAccount', name: `sa-${caller}`, namespace: namespaceOf(caller) };
  });
  const ports = [{ name: 'http', port: 80, targetPort: 8080 }];
  const matches = [
    { name: 'read', pathRegex: `/api/v1/things-${i}/[0-9]+`, methods: ['GET'] },
    { name: 'write', pathRegex: `/api/v1/things-${i}`, methods: ['POST', 'PUT'] },
    { name: 'beta', pathRegex: '/beta/.*', headers: [{ 'x-user': 'beta-.*' }] },
  ];
  const destination = { kind: 'ServiceAccount', name: `sa-${i}` };
  const rules = [{ kind: 'HTTPRouteGroup', name: `routes-${i}` }];
  return [
    named('v1', 'ServiceAccount', `sa-${i}`, i),
    {
      ...named('v1', 'Service', `svc-${i}`, i),
      spec: { clusterIP: address(96, i), selector: { app: `svc-${i}` }, ports },
    },
    podOf(i, 0).object,
    podOf(i, 1).object,
    { ...named('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', `routes-${i}`, i), spec: { matches } },
    {
      ...named('access.smi-spec.io/v1alpha4', 'TrafficTarget', `target-${i}`, i),
      spec: { destination, sources, rules },
    },
    ...(i % 10 === 0 ? [splitOf(i, services, 90).object] : []),
  ];
}

function named(apiVersion: string, kind: string, name: string, i?: number): KubeObject {
  return { apiVersion, kind, metadata: { name, ...(i !== undefined && { namespace: namespaceOf(i) }) } };
}

function address(first: number, n: number): string {
  return `${first}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
}

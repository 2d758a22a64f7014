import type { KubeObject } from '@heddle/smi';

/** A workload that calls and is called: one pod, one service account, one Service on port 80 of the same name. */
export interface WorldWorkload {
  readonly namespace: string;
  readonly name: string;
  /** Port of the pod. */
  readonly port: number;
}

/** The pods and Services that random policies are drawn over. */
export interface World {
  readonly workloads: readonly WorldWorkload[];
  /** Port of every Service. */
  readonly servicePort: number;
  /** By namespace, a name that has no Service and may become the root of a split. */
  readonly logicalRoot: string;
}

/** Six workloads in three namespaces; fixed, so that a test with real pods can start them once. */
export const fixedWorld: World = {
  workloads: [
    { namespace: 'shop', name: 'web', port: 8080 },
    { namespace: 'shop', name: 'cart', port: 8080 },
    { namespace: 'stock', name: 'books', port: 8080 },
    { namespace: 'stock', name: 'toys', port: 9090 },
    { namespace: 'bank', name: 'pay', port: 8080 },
    { namespace: 'bank', name: 'audit', port: 8080 },
  ],
  servicePort: 80,
  logicalRoot: 'front',
};

/** The namespaces of a world. */
export function namespacesOf(world: World): string[] {
  return [...new Set(world.workloads.map(({ namespace }) => namespace))];
}

/** Pods and Services of a world, as one would apply them: addresses are the source's to give. */
export function objectsOf(world: World): KubeObject[] {
  return world.workloads.flatMap(({ namespace, name, port }) => [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { app: name } },
      spec: { serviceAccountName: name, containers: [{ name, ports: [{ name: 'web', containerPort: port }] }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: world.servicePort, targetPort: 'web' }] },
    },
  ]);
}

/** The front door: one more Envoy, through which people reach the Services that are shown to them. Pure. */
import { join } from 'node:path';
import { callerName } from '@heddle/mesh';
import type { KubeObject, SourceObject } from '@heddle/smi';
import { sidecarNodeId } from '../../sidecar/bootstrap.ts';
import type { Pod } from '../pod.ts';
import { type SidecarPlaces, xdsDirectory } from './pod-sidecar.ts';

/** The front door's pod; its service account has the same name, and TrafficTargets let it in like anybody. */
export const frontDoor = { namespace: 'heddle-system', name: 'front-door' } as const;

/** The directory of the host where the front door's sockets appear. */
export function frontDoorDirectory(runDirectory: string): string {
  return join(runDirectory, 'front-door');
}

/** The pod of the front door: a sidecar alone, which intercepts nothing and listens in the shared directory. */
export function frontDoorPod({ ip, envoy, runDirectory }: SidecarPlaces & { readonly ip: string }): Pod {
  return {
    ...frontDoor,
    ip,
    containers: [],
    sidecar: {
      nodeId: sidecarNodeId({ ip, ...frontDoor }),
      caller: callerName(frontDoor.namespace, frontDoor.name),
      envoy,
      xdsDirectory: xdsDirectory(runDirectory, frontDoor),
      sharedDirectory: frontDoorDirectory(runDirectory),
      interception: null,
    },
  };
}

/** The front door as Kubernetes objects, by which the mesh knows it: a namespace, a service account and a ready pod. */
export function frontDoorObjects(ip: string): readonly SourceObject[] {
  const { namespace, name } = frontDoor;
  const objects: readonly KubeObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { app: name } },
      spec: { serviceAccountName: name, containers: [] },
      status: {
        phase: 'Running',
        podIP: ip,
        podIPs: [{ ip }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    },
  ];
  return objects.map(object => ({ object }));
}

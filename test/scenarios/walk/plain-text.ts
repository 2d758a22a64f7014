import { type Call, configurationOf, type EnvoyOutput, type MeshModel, serviceOf, type Workload } from '@heddle/mesh';
import type { Outcome } from '../../../packages/control-plane/src/traffic/compare.ts';
import { answered, dependsOnPod, type Ending, refused } from './ending.ts';
import { arrive } from './inbound.ts';
import { payloadOf } from './payload.ts';
import { sidecarOf } from './sidecar.ts';

/** A rendered mesh. Of the model only names and addresses are read, which is what DNS and the network know. */
export interface WalkedMesh {
  readonly model: MeshModel;
  readonly sidecars: EnvoyOutput['sidecars'];
}

/** Whether the pods of the caller's account are all without a sidecar. */
export function callsInPlainText({ model }: WalkedMesh, { from }: Call): boolean {
  return model.namespaces.get(from.namespace)?.outsiders.has(from.serviceAccount) ?? false;
}

/** Walks a call that meets the sidecar of its destination alone: the network takes it to a ready pod behind the name. */
export function walkPlainText(mesh: WalkedMesh, call: Call): Outcome | typeof dependsOnPod {
  const { to } = call;
  const key = `${to.namespace}/${to.service}`;
  const endpoints = serviceOf(mesh.model, key)?.ports.find(({ number }) => number === to.port)?.endpoints ?? [];
  const endings = endpoints.filter(({ ready }) => ready).map(endpoint => end(mesh, call, endpoint));
  const [first] = endings;
  if (first === undefined) return { verdict: 'unreachable', status: null, route: null, shares: new Map() };
  if (endings.some(({ verdict, status }) => verdict !== first.verdict || status !== first.status)) return dependsOnPod;
  const wouldDeny = endings.some(ending => ending.wouldDeny);
  return { ...first, wouldDeny, route: null, shares: new Map([[key, 1]]) };
}

function end(mesh: WalkedMesh, call: Call, { address, port }: { address: string; port: number }): Ending {
  const payload = payloadOf(call);
  const server = workloadAt(mesh.model, address);
  const configuration = server && configurationOf(mesh, server.key);
  if (configuration === undefined) return answered(payload === undefined ? null : 200);
  // Nobody knows where it comes from, nor asks.
  return arrive(sidecarOf(configuration), { source: '192.0.2.1', address, port, payload }) ?? refused;
}

/** The workload of the mesh that has a pod with an address. */
export function workloadAt(model: MeshModel, address: string): Workload | undefined {
  for (const { workloads } of model.namespaces.values()) {
    for (const workload of workloads.values()) {
      if (workload.pods.some(pod => pod.address === address)) return workload;
    }
  }
  return undefined;
}

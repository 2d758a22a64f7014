import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../../kube/api-client.ts';
import { nodeAddress } from './pod-report.ts';

/** Who is to be alive. */
export interface NodeHeartbeat {
  readonly client: Pick<ApiClient, 'apply'>;
  readonly name: string;
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** Milliseconds between signs of life, as kubelet gives them. */
const interval = 10_000;

/** How soon what failed is tried again, in milliseconds. */
const retryAfter = 500;

const manager = 'heddle-node';

/** Tells a cluster of a node, and that it is alive, until the signal aborts: by a Node and a Lease. */
export async function keepNodeAlive({ client, name, onTrouble }: NodeHeartbeat, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let wait = interval;
    try {
      await beat(client, name);
    } catch (error) {
      onTrouble('the node could not give a sign of life', error);
      wait = retryAfter;
    }
    await delay(wait, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
  }
}

async function beat(client: Pick<ApiClient, 'apply'>, name: string): Promise<void> {
  const now = new Date().toISOString();
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name } };
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' };
  await client.apply(`/api/v1/nodes/${name}`, { ...node, metadata: { name, labels } }, { manager });
  const heard = now.replace(/\.\d+Z$/, 'Z');
  const ready = { type: 'Ready', status: 'True', reason: 'NodeRuns', message: 'Pods are processes of this machine.' };
  const room = { cpu: '64', memory: '64Gi', pods: '1000' };
  const status = {
    capacity: room,
    allocatable: room,
    addresses: [
      { type: 'InternalIP', address: nodeAddress },
      { type: 'Hostname', address: name },
    ],
    conditions: [{ ...ready, lastHeartbeatTime: heard, lastTransitionTime: heard }],
  };
  await client.apply(`/api/v1/nodes/${name}/status`, { ...node, status }, { manager });
  const lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'kube-node-lease' },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: now.replace('Z', '000Z') },
  };
  await client.apply(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}`, lease, { manager });
}

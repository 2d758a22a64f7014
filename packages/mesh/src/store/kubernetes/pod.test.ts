import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath } from '@heddle/smi';
import { readPod } from './pod.ts';

const read = (fields: object, metadata: object = {}) =>
  readPod({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'books', namespace: 'stock', ...metadata }, ...fields });

const good = (fields: object, metadata?: object) => {
  const { value, violations } = read(fields, metadata);
  assert.deepEqual(violations, []);
  assert.ok(value);
  return value;
};

const ready = (status: object, metadata?: object) => good({ status }, metadata).ready;
const inMesh = (spec: object, annotations = {}) => good({ spec }, { annotations }).inMesh;

test('a pod is ready by its condition, or by its phase where there is none', () => {
  assert.equal(ready({ phase: 'Running' }), true);
  assert.equal(ready({ phase: 'Pending' }), false);
  assert.equal(ready({ phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] }), false);
  assert.equal(ready({ conditions: [{ type: 'Ready', status: 'True' }] }), true);
  assert.equal(ready({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }), false);
});

test('a pod has a sidecar unless it is on the network of its node, or says no', () => {
  assert.equal(inMesh({}), true);
  assert.equal(inMesh({ hostNetwork: true }), false);
  assert.equal(inMesh({}, { 'heddle.dev/inject': 'false' }), false);
  assert.equal(inMesh({}, { 'heddle.dev/inject': 'disabled' }), false);
});

test('a pod belongs to what made it: to a Deployment rather than its ReplicaSet, and a lone one to itself', () => {
  const owner = (kind: string, name: string, labels = {}) =>
    good({}, { ownerReferences: [{ apiVersion: 'apps/v1', kind, name, controller: true }], labels }).owner;
  assert.deepEqual(good({}).owner, { kind: 'Pod', name: 'books' });
  assert.deepEqual(owner('Node', 'machine'), { kind: 'Pod', name: 'books' });
  assert.deepEqual(owner('StatefulSet', 'db'), { kind: 'StatefulSet', name: 'db' });
  assert.deepEqual(owner('ReplicaSet', 'web-7d4'), { kind: 'ReplicaSet', name: 'web-7d4' });
  assert.deepEqual(owner('ReplicaSet', 'web-7d4', { 'pod-template-hash': '7d4' }), { kind: 'Deployment', name: 'web' });
  const rollout = owner('ReplicaSet', 'web-7d4', { 'rollouts-pod-template-hash': '7d4' });
  assert.deepEqual(rollout, { kind: 'Rollout', name: 'web' });
});

test('a pod without a service account runs as default; named ports of all containers are known', () => {
  const ports = [{ name: 'web', containerPort: 8080 }, { containerPort: 9090 }];
  const spec = { containers: [{ ports }], initContainers: [{ ports: [{ name: 'side', containerPort: 1 }] }] };
  const pod = good({ spec });
  assert.equal(pod.serviceAccount, 'default');
  assert.deepEqual(Object.fromEntries(pod.namedPorts), { side: 1, web: 8080 });
});

const container = (port: unknown) => ({ spec: { containers: [{ ports: [port] }] } });

const partly: readonly (readonly [what: string, fields: object, field: string])[] = [
  ['an address that is none', { status: { podIP: '10.0.0' } }, 'status.podIP'],
  ['another address that is none', { status: { podIPs: [{ ip: 'x' }] } }, 'status.podIPs[0].ip'],
  ['a status that is a list', { status: [] }, 'status'],
  [
    'a port beyond the last',
    container({ name: 'a', containerPort: 65_536 }),
    'spec.containers[0].ports[0].containerPort',
  ],
  ['a port without a number', container({ name: 'a' }), 'spec.containers[0].ports[0].containerPort'],
  [
    'a port with a long name',
    container({ name: 'a'.repeat(16), containerPort: 1 }),
    'spec.containers[0].ports[0].name',
  ],
  [
    'a port of another protocol',
    container({ containerPort: 1, protocol: 'X' }),
    'spec.containers[0].ports[0].protocol',
  ],
  ['a network of the node in quotes', { spec: { hostNetwork: 'true' } }, 'spec.hostNetwork'],
];

for (const [what, fields, field] of partly) {
  test(`without ${what}, the rest is read, as a pod of the mesh`, () => {
    const { value, violations } = read(fields);
    assert.equal(value?.address, undefined);
    assert.equal(value?.inMesh, true);
    assert.equal(value?.namedPorts.size, 0);
    assert.deepEqual(
      violations.map(({ reason, path }) => `${reason} ${formatPath(path)}`),
      [`InvalidField ${field}`],
    );
  });
}

test('a pod whose service account can’t be read has no identity, so nothing of it is in force', () => {
  for (const serviceAccountName of [7, 'a/../b', 'Books']) {
    const { value, violations } = read({ spec: { serviceAccountName } });
    assert.equal(value, undefined);
    assert.equal(violations.length, 1);
  }
});

test('a pod whose labels can’t be read is picked by nothing', () => {
  const { value, violations } = read({}, { labels: { app: 'a', version: 1 } });
  assert.deepEqual(value?.labels, {});
  assert.equal(violations.length, 1);
});

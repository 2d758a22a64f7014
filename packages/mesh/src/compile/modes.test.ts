import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { findingsOf } from '../model/mesh-model.ts';
import { defaultSettings } from '../model/settings.ts';
import { ResourceStore } from '../store/resource-store.ts';
import { createCompiler } from './compile.ts';

type Written = Readonly<Record<string, string>>;

const pod = (name: string, annotations: Written = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { app: 'web' },
    annotations,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', controller: true }],
  },
  spec: { containers: [] },
  status: { phase: 'Running', podIP: name === 'web-0' ? '10.244.0.1' : '10.244.0.2' },
});
const namespace = (annotations: Written): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', annotations },
});
const meshConfig = (spec: object): KubeObject => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'MeshConfig',
  metadata: { name: 'mesh' },
  spec,
});

/** A mesh to which one delivery comes after the other. */
function mesh() {
  const store = new ResourceStore();
  store.configure(defaultSettings);
  const compile = createCompiler();
  return (...objects: readonly KubeObject[]) =>
    compile(store.apply({ upserts: objects.map(object => ({ object })), removals: [] }));
}

function modesIn(model: ReturnType<ReturnType<typeof mesh>>): Record<string, string> {
  const workloads = [...(model.namespaces.get('shop')?.workloads.values() ?? [])];
  return Object.fromEntries(
    workloads.map(({ name, modes: { mtls, policy, egress } }) => [name, `${mtls} ${policy} ${egress}`]),
  );
}

test('the nearest wins: workload, namespace, mesh (I4)', () => {
  const put = mesh();
  assert.deepEqual(modesIn(put(pod('web-0'))), { web: 'strict enforce allow' });
  assert.deepEqual(modesIn(put(meshConfig({ policy: 'audit', egress: 'deny' }))), { web: 'strict audit deny' });
  const ofNamespace = namespace({ 'heddle.dev/policy': 'allow-all', 'heddle.dev/mtls': 'permissive' });
  assert.deepEqual(modesIn(put(ofNamespace)), { web: 'permissive allow-all deny' });
  const annotated = pod('web-0', { 'heddle.dev/policy': 'enforce', 'heddle.dev/egress': 'allow' });
  assert.deepEqual(modesIn(put(annotated)), { web: 'permissive enforce allow' });
});

test('pods of one owner under other modes are a workload of their own, all under the same keep their name', () => {
  const put = mesh();
  put(pod('web-0'), pod('web-1'));
  const apart = modesIn(put(pod('web-1', { 'heddle.dev/policy': 'audit' })));
  assert.deepEqual(Object.values(apart).toSorted(), ['strict audit allow', 'strict enforce allow']);
  assert.deepEqual(modesIn(put(pod('web-0', { 'heddle.dev/policy': 'audit' }))), { web: 'strict audit allow' });
});

test('a value that nobody knows is the strictest, on a Namespace after the last good one', () => {
  const put = mesh();
  const open = namespace({ 'heddle.dev/policy': 'allow-all' });
  const model = put(pod('web-0', { 'heddle.dev/policy': 'enforced' }), open);
  assert.deepEqual(modesIn(model), { web: 'strict enforce allow' });
  assert.deepEqual(
    findingsOf(model).map(({ reason, field }) => [reason, field]),
    [['InvalidMode', 'metadata.annotations["heddle.dev/policy"]']],
  );
  const mistaken = namespace({ 'heddle.dev/policy': 'alow-all' });
  assert.deepEqual(modesIn(put(pod('web-0'), mistaken)), { web: 'strict allow-all allow' });
  assert.deepEqual(modesIn(mesh()(pod('web-0'), mistaken, meshConfig({ policy: 'audit' }))), {
    web: 'strict enforce allow',
  });
});

test('permissive with enforce is a finding (I2)', () => {
  const reasons = (model: ReturnType<ReturnType<typeof mesh>>) => findingsOf(model).map(({ reason }) => reason);
  const put = mesh();
  assert.deepEqual(reasons(put(pod('web-0'), namespace({ 'heddle.dev/mtls': 'permissive' }))), [
    'PermissiveButEnforced',
  ]);
  assert.deepEqual(reasons(put(namespace({ 'heddle.dev/mtls': 'permissive', 'heddle.dev/policy': 'audit' }))), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompiler, ResourceStore } from '@heddle/mesh';
import { type KubeObject, refOf } from '@heddle/smi';
import { Roster } from './roster.ts';

const pod = (name: string, podIP: string, app = name): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels: { app } },
  spec: { serviceAccountName: app },
  status: { podIP, conditions: [{ type: 'Ready', status: 'True' }] },
});

function rosterOf() {
  const [store, compile, roster] = [new ResourceStore(), createCompiler(), new Roster()];
  const meet = (upserts: readonly KubeObject[], removals: readonly KubeObject[] = []) => {
    const set = store.apply({ upserts: upserts.map(object => ({ object })), removals: removals.map(refOf) });
    const { gone, workloads } = roster.meet(compile(set));
    return { gone: [...gone].map(podOf), workloads: [...workloads] };
  };
  return { roster, meet };
}

const podOf = (nodeId: string) => nodeId.split('~')[2];

test('from one model to the next only what came, went or changed is told', () => {
  const { roster, meet } = rosterOf();
  const [web, api] = [pod('web', '10.0.0.1'), pod('api', '10.0.0.2')];
  assert.deepEqual(meet([web, api]), { gone: [], workloads: ['shop/api', 'shop/web'] });
  assert.deepEqual(meet([]), { gone: [], workloads: [] });
  const before = roster.list;
  assert.deepEqual(meet([pod('web-2', '10.0.0.3', 'web')]).gone, []);
  assert.notEqual(roster.list, before);
  assert.deepEqual(roster.list.map(({ pod: name }) => name).toSorted(), ['api', 'web', 'web-2']);
  assert.deepEqual(meet([], [api]), { gone: ['api.shop'], workloads: [] });
  assert.deepEqual(roster.of('shop/api'), []);
});

test('a pod that changes its workload is the sidecar of the new one, not gone', () => {
  const { roster, meet } = rosterOf();
  meet([pod('a', '10.0.0.1', 'web'), pod('b', '10.0.0.2', 'web')]);
  assert.deepEqual(meet([pod('b', '10.0.0.2', 'api')]).gone, []);
  const { nodeId = '' } = roster.list.find(({ pod: name }) => name === 'b') ?? {};
  assert.equal(roster.workloadOf(nodeId), 'shop/b');
});

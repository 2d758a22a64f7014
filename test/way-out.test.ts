// The way out of every sidecar is one shared group of resources: it changes with the addresses of Services that lie outside
// the ranges, for all sidecars at once, and with nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurations, createCompiler, createEnvoyRenderer, type EnvoyOutput, ResourceStore } from '@heddle/mesh';
import { type KubeObject, refOf } from '@heddle/smi';
import { completedSources, testTarget } from './worlds/mesh-of.ts';
import { fixedWorld, objectsOf } from './worlds/world.ts';

const service = (name: string, clusterIP: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop' },
  spec: { clusterIP, selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
});

/** The first group of each sidecar, by workload, and all others. */
function groupsOf(output: EnvoyOutput) {
  const entries = Array.from(
    configurations(output),
    ([
      key,
      {
        groups: [first, ...others],
      },
    ]) => ({ key, first, others }),
  );
  return entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

test('an address outside the ranges changes the way out of all sidecars, and nothing else of theirs', () => {
  const store = new ResourceStore();
  const [compile, render] = [createCompiler(), createEnvoyRenderer()];
  const pass = (upserts: readonly KubeObject[], removals: readonly KubeObject[] = []) => {
    const set = store.apply({ upserts: upserts.map(object => ({ object })), removals: removals.map(refOf) });
    return groupsOf(render(compile(set), testTarget).output);
  };
  const { objects } = completedSources(objectsOf(fixedWorld).map(object => ({ object })));
  const start = pass(objects.map(({ object }) => object));
  const inRange = pass([service('inside', '10.96.200.1')]);
  const outside = pass([service('outside', '172.20.3.4')]);
  const back = pass([], [service('outside', '172.20.3.4')]);

  assert.deepEqual(new Set(start.map(({ first }) => first)).size, 1);
  for (const [index, { key, first, others }] of start.entries()) {
    assert.equal(inRange[index]?.first, first, key);
    assert.notEqual(outside[index]?.first, first, key);
    assert.equal(outside[index]?.first, outside[0]?.first, key);
    for (const group of others) assert.ok(outside[index]?.others.includes(group), key);
    assert.deepEqual(back[index]?.first, first, key);
  }
  const ranges = JSON.stringify(outside[0]?.first).match(/"addressPrefix":"[^"]*"/g);
  assert.deepEqual(ranges, ['"addressPrefix":"10.96.0.0"', '"addressPrefix":"172.20.3.4"']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppliedChanges } from './applied-changes.ts';

const split = { apiVersion: 'split.smi-spec.io/v1alpha4', kind: 'TrafficSplit', namespace: 'shop', name: 'web' };
const all = new Set(['a', 'b', 'c']);
const any = (): boolean => true;

test('a change is applied once the last sidecar that was sent something has acknowledged it', () => {
  let now = 0;
  const changes = new AppliedChanges(() => now);
  changes.published(1, all, any);
  for (const node of all) changes.synced(node);
  assert.equal(changes.last, null, 'nothing was changed by anybody');
  changes.delivered([split], []);
  changes.published(2, new Set(['a', 'b']), any);
  now = 7;
  changes.synced('a');
  assert.equal(changes.last, null);
  changes.synced('b');
  assert.deepEqual(changes.last, { revision: 2, objects: [split], removed: [], sidecars: 2, milliseconds: 7 });
});

test('a sidecar that goes is not waited for, and a change that concerns none is applied at once', () => {
  const changes = new AppliedChanges(() => 0);
  changes.delivered([split], []);
  changes.published(1, new Set(['a', 'b']), any);
  changes.synced('a');
  changes.published(2, new Set(), node => node === 'a');
  assert.equal(changes.last?.revision, 2);
  changes.delivered([], [split]);
  changes.published(3, new Set(), node => node === 'a');
  assert.deepEqual(changes.last, { revision: 3, objects: [], removed: [split], sidecars: 0, milliseconds: 0 });
});

test('of changes that come together the last of each object counts', () => {
  const changes = new AppliedChanges(() => 0);
  const other = { ...split, name: 'api' };
  changes.delivered([split], [other]);
  changes.delivered([other], [split]);
  changes.published(1, new Set(), any);
  assert.deepEqual([changes.last?.objects, changes.last?.removed], [[other], [split]]);
});

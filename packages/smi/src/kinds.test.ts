import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupOf, kindOf, kinds, versionOf } from './kinds.ts';
import { refOf } from './object.ts';

test('a kind is known by its group, whatever the version', () => {
  assert.equal(kindOf('split.smi-spec.io/v9', 'TrafficSplit')?.use, 'mesh');
  assert.equal(kindOf('v1', 'Pod')?.group, '');
  assert.equal(kindOf('example.com/v1', 'TrafficSplit'), undefined);
  assert.equal(kindOf('v1', 'TrafficSplit'), undefined);
  assert.equal(kindOf('v1', 'constructor'), undefined);
});

test('an API version is a group and a version; the core group has no name', () => {
  assert.deepEqual([groupOf('apps/v1'), versionOf('apps/v1')], ['apps', 'v1']);
  assert.deepEqual([groupOf('v1'), versionOf('v1')], ['', 'v1']);
});

test('no kind is there twice, and each has a version', () => {
  assert.equal(new Set(kinds.map(({ group, kind }) => `${group}/${kind}`)).size, kinds.length);
  assert.ok(kinds.every(({ versions }) => versions.length > 0));
});

const namespaceOf = (apiVersion: string, kind: string, namespace?: string) =>
  refOf({ apiVersion, kind, metadata: { name: 'a', ...(namespace !== undefined && { namespace }) } }).namespace;

test('an object of a kind of the cluster has no namespace, one of another group’s kind of that name has', () => {
  assert.equal(namespaceOf('v1', 'Namespace'), '');
  assert.equal(namespaceOf('heddle.dev/v1alpha1', 'MeshConfig', 'stock'), '');
  assert.equal(namespaceOf('example.com/v1', 'MeshConfig', 'stock'), 'stock');
  assert.equal(namespaceOf('v1', 'Pod'), 'default');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EncodedResource } from './encode.ts';
import { type Change, type ResourceGroup, ResourceIndex } from './snapshot.ts';

const resource = (name: string, version: string): EncodedResource => ({
  name,
  version,
  typeUrl: 't',
  bytes: new Uint8Array(),
});
const group = (...names: string[]): ResourceGroup => ({
  resources: names.map(name => resource(name.split('@')[0] ?? '', name.split('@')[1] ?? '')),
});
const names = (change: Change): string[] => [...(change.get('t') ?? [])].toSorted();
const held = (index: ResourceIndex): string[] =>
  [...index.resources('t').values()].map(r => `${r.name}@${r.version}`).toSorted();

test('says what is new, changed and gone', () => {
  const index = new ResourceIndex();
  const shared = group('s@1');
  assert.deepEqual(names(index.replace({ groups: [shared, group('a@1', 'b@1', 'c@1')] })), ['a', 'b', 'c', 's']);
  assert.deepEqual(names(index.replace({ groups: [shared, group('a@1', 'b@2', 'd@1')] })), ['b', 'c', 'd']);
  assert.deepEqual(held(index), ['a@1', 'b@2', 'd@1', 's@1']);
});

test('groups that stay are not looked into', () => {
  const index = new ResourceIndex();
  let looks = 0;
  const shared = {
    get resources() {
      looks += 1;
      return [resource('s', '1')];
    },
  };
  index.replace({ groups: [shared, group('a@1')] });
  assert.equal(looks, 1);
  assert.equal(index.replace({ groups: [group('a@1'), shared] }).size, 0);
  assert.equal(looks, 1);
});

test('a resource that several groups have stays until the last of them goes', () => {
  const index = new ResourceIndex();
  const [one, two] = [group('a@1'), group('a@1')];
  index.replace({ groups: [one, two] });
  assert.deepEqual(names(index.replace({ groups: [one] })), []);
  assert.deepEqual(held(index), ['a@1']);
  assert.deepEqual(names(index.replace({ groups: [] })), ['a']);
  assert.deepEqual(held(index), []);
});

test('groups that disagree are refused, and what was before stays', () => {
  const index = new ResourceIndex();
  const before = { groups: [group('a@1')] };
  index.replace(before);
  assert.throws(() => index.replace({ groups: [...before.groups, group('b@1', 'a@2')] }), /disagree on t "a"/);
  assert.throws(() => index.replace({ groups: [group('a@2'), group('a@3')] }), /disagree on t "a"/);
  assert.deepEqual(held(index), ['a@1']);
  assert.equal(index.snapshot, before);
  assert.deepEqual(names(index.replace({ groups: [group('a@2')] })), ['a']);
});

test('the view of a type is live', () => {
  const index = new ResourceIndex();
  const view = index.resources('t');
  index.replace({ groups: [group('a@1')] });
  assert.equal(view.get('a')?.version, '1');
});

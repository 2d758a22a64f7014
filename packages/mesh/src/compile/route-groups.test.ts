import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, parse, refOf } from '@heddle/smi';
import { entriesOf } from './route-groups.ts';

test('an entry knows its place in the object as it was written, refused ones and namesakes included', () => {
  const object: KubeObject = {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { name: 'routes', namespace: 'stock' },
    spec: { matches: [{ name: 'bad', pathRegex: '(' }, { name: 'one' }, 'none', { name: 'two' }, { name: 'one' }] },
  };
  const { object: value } = parse(object);
  assert.ok(value?.kind === 'HTTPRouteGroup');
  const entries = entriesOf({ ref: refOf(object), source: { object }, value }, 'full');
  assert.deepEqual(
    entries.map(({ name, origin }) => `${name} ${origin.path.join('.')}`),
    ['one spec.matches.1', 'two spec.matches.3', 'one spec.matches.4'],
  );
});

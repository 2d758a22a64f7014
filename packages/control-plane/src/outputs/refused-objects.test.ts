import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceOrigin } from '@heddle/mesh';
import { RefusedObjects } from './refused-objects.ts';

const origin = (name: string): ResourceOrigin => ({
  source: { object: { apiVersion: 'v1', kind: 'Thing', metadata: { name } } },
  path: [],
});
const [a, b, c] = [origin('a'), origin('b'), origin('c')];
const concerned = () => 2;
const refusal = (...suspects: ResourceOrigin[]) => ({ suspects, message: 'no', concerned });
const names = (refused: RefusedObjects) => [...refused.sources].map(({ object }) => object.metadata.name).join('');

test('one suspect is to blame, and said to be once', () => {
  const refused = new RefusedObjects();
  assert.equal(refused.refuse(refusal(a)), true);
  assert.equal(refused.refuse(refusal(a)), false);
  assert.deepEqual(refused.list, [{ origin: a, message: 'no', concerned: 2, isDoubted: false }]);
  assert.equal(refused.settle(), false, 'it stays aside');
  const newer = origin('a').source;
  refused.retain(() => newer);
  assert.deepEqual([names(refused), refused.list], ['a', []], 'it does not come back, and nothing is said of it');
  refused.retain(() => undefined);
  assert.equal(names(refused), '');
});

test('of several suspects all are set aside, then tried one by one', () => {
  const refused = new RefusedObjects();
  refused.refuse(refusal(a, b, c));
  assert.equal(names(refused), 'abc');
  assert.equal(refused.settle(), true);
  assert.equal(names(refused), 'bc');
  assert.equal(refused.settle(), false, 'it is not published yet');
  refused.published();
  assert.equal(refused.settle(), true, 'a is acknowledged, b is next');
  refused.published();
  assert.equal(refused.refuse(refusal(a, b)), true, 'b is on trial');
  assert.equal(names(refused), 'cb');
  assert.equal(refused.settle(), true);
  refused.published();
  assert.equal(refused.settle(), false);
  assert.equal(names(refused), 'b');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepList, Memo, sameItems } from './memo.ts';

test('a result is remembered as long as its inputs are the same objects', () => {
  const memo = new Memo<object>();
  const [a, b] = [{}, {}];
  const first = memo.get('unit', [a, b], () => ({}));
  memo.endPass();
  assert.equal(
    memo.get('unit', [a, b], () => assert.fail('it was built again')),
    first,
  );
  memo.endPass();
  assert.notEqual(
    memo.get('unit', [a, {}], () => ({})),
    first,
  );
});

test('within one pass a result is built once', () => {
  const memo = new Memo<object>();
  const first = memo.get('unit', [1], () => ({}));
  assert.equal(
    memo.get('unit', [1], () => assert.fail('it was built again')),
    first,
  );
});

test('more inputs, or the same in another order, are others', () => {
  const memo = new Memo<number>();
  memo.get('unit', [1, 2], () => 1);
  memo.endPass();
  assert.equal(
    memo.get('unit', [2, 1], () => 2),
    2,
  );
  assert.equal(
    memo.get('unit', [2, 1, 3], () => 3),
    3,
  );
});

test('what a pass does not ask for is dropped', () => {
  const memo = new Memo<number>();
  memo.get('unit', [1], () => 1);
  memo.endPass();
  assert.equal(memo.previous('unit'), 1);
  memo.endPass();
  assert.equal(memo.previous('unit'), undefined);
  assert.equal(
    memo.get('unit', [1], () => 2),
    2,
  );
});

test('a list is kept when the new one holds the same objects', () => {
  const item = {};
  const before = [item];
  assert.equal(keepList(before, [item]), before);
  assert.notEqual(keepList(before, [{}]), before);
  assert.deepEqual(keepList(undefined, [item]), [item]);
  assert.equal(sameItems([Number.NaN], [Number.NaN]), false);
});

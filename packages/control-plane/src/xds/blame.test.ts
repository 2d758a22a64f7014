import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blamed } from './blame.ts';

test('finds those that Envoy names, and none that is but a part of another name', () => {
  const message = 'Error adding/updating listener(s) in:80: duplicate address\nout: filter chain has no match';
  assert.deepEqual(blamed(message, ['in', '80', 'in:80', 'out', 'other']), ['in:80', 'out']);
});

test('finds none where Envoy gives only the reason', () => {
  assert.deepEqual(blamed('no argument for repetition operator: *', ['a', 'operator']), []);
});

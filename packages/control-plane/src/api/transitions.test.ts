import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObservedCondition } from '@heddle/mesh';
import { Transitions } from './transitions.ts';

const programmed = (status: ObservedCondition['status']) =>
  new Map([['web', [{ type: 'Programmed', status, reason: 'Any', message: '' } as const]]]);

test('a time is kept as long as the status is, in whole seconds, and forgotten with its object', () => {
  let now = 0;
  const transitions = new Transitions(() => new Date(now));
  const since = (status: ObservedCondition['status']) => {
    now += 1500;
    return transitions.settle(programmed(status)).get('web')?.[0]?.lastTransitionTime;
  };
  assert.equal(since('False'), '1970-01-01T00:00:01Z');
  assert.equal(since('False'), '1970-01-01T00:00:01Z');
  assert.equal(since('True'), '1970-01-01T00:00:04Z');
  transitions.settle(new Map());
  assert.equal(since('True'), '1970-01-01T00:00:06Z');
});

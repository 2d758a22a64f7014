import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

const granted = (budget: RetryBudget, now: number, tries = 1000): number =>
  Array.from({ length: tries }, () => budget.take(now)).filter(Boolean).length;

test('the floor is there without any request, and comes back with time', () => {
  const budget = new RetryBudget({ ratio: 0.2, perSecond: 1 });
  assert.equal(granted(budget, 0), 10);
  assert.equal(granted(budget, 9_999), 0);
  assert.equal(granted(budget, 10_000), 10);
});

test('a share of the requests of the last ten seconds comes on top', () => {
  const budget = new RetryBudget({ ratio: 0.2, perSecond: 0 });
  for (let request = 0; request < 100; request++) budget.request(request * 50);
  assert.equal(granted(budget, 5000), 20);
  for (let request = 0; request < 10; request++) budget.request(5000);
  assert.equal(granted(budget, 5000), 2);
});

test('requests are forgotten slot by slot', () => {
  const budget = new RetryBudget({ ratio: 1, perSecond: 0 });
  for (const second of [0, 1, 2]) budget.request(second * 1000);
  assert.equal(granted(budget, 11_000), 1);
  assert.equal(granted(budget, 1_000_000), 0);
});

test('time on any scale, and standing still', () => {
  const budget = new RetryBudget({ perSecond: 0.1 });
  assert.equal(granted(budget, 86_400_000), 1);
  assert.equal(granted(budget, 86_400_000), 0);
});

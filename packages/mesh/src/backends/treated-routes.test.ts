import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from './treated-routes.ts';

test('a time is written as Go and the Gateway API read it', () => {
  const table: readonly [milliseconds: number, text: string][] = [
    [0, '0s'],
    [1, '1ms'],
    [1500, '1s500ms'],
    [2000, '2s'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [3_661_001, '1h1m1s1ms'],
  ];
  for (const [milliseconds, text] of table) assert.equal(duration(milliseconds), text);
});

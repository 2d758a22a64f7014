import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goDuration } from './go-duration.ts';

const table: readonly (readonly [milliseconds: number, text: string])[] = [
  [1, '1ms'],
  [300, '300ms'],
  [1000, '1s'],
  [1500, '1.5s'],
  [90_000, '1m30s'],
  [60_000, '1m'],
  [60_250, '1m250ms'],
  [3_600_000, '1h'],
  [3_661_001, '1h1m1.001s'],
  [86_400_000, '24h'],
];

for (const [milliseconds, text] of table) {
  test(`${milliseconds} ms are ${text}`, () => assert.equal(goDuration(milliseconds), text));
}

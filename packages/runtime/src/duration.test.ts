import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './duration.ts';

test('durations are read as Go writes them', () => {
  const table: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['2s', 2000],
    ['1m30s', 90_000],
    ['1h0m0.5s', 3_600_500],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['5.s', 5000],
    ['3us', 0.003],
    ['3µs', 0.003],
    ['7ns', 7e-6],
  ];
  for (const [text, milliseconds] of table) assert.equal(parseDuration(text), milliseconds, text);
});

test('what Go would refuse is refused, and so is a sign', () => {
  for (const text of ['', '2', '2 s', 's', '.s', '1d', '-2s', '+2s', '2s ', '1m30', '1,5s', '2S', '1e3s'])
    assert.equal(parseDuration(text), undefined, text);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printable } from './printable.ts';

test('what steers a terminal is written out, everything else stays', () => {
  for (const [text, shown] of [
    ['a plain text, 😀 é 漢', 'a plain text, 😀 é 漢'],
    ['\u{1b}[2Jgone', '\\u{1b}[2Jgone'],
    ['a\nb\r\tc', 'a\\u{a}b\\u{d}\\u{9}c'],
    ['\u{9b}31m', '\\u{9b}31m'],
    ['a\u{202e}b', 'a\\u{202e}b'],
    ['half \ud83d', 'half \\u{d83d}'],
  ] as const) {
    assert.equal(printable(text), shown);
  }
});

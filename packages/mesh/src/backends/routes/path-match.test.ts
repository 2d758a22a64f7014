import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from '@heddle/smi';
import { pathMatches, wholeText } from './path-match.ts';

const table: readonly [pattern: string, expected: string][] = [
  ['.*', 'any'],
  ['/.*', 'any'],
  ['/books', 'Exact /books'],
  ['/a|/b', 'Exact /a, Exact /b'],
  ['/a(/.*)?', 'PathPrefix /a'],
  ['/a(/.*)?|/b', 'PathPrefix /a, Exact /b'],
  // A prefix of the API would let /a in as well.
  ['/a/.*', 'RegularExpression ^/a/.*$'],
  ['/a.*', 'RegularExpression ^/a.*$'],
  ['/a/[0-9]+', 'RegularExpression ^/a/[0-9]+$'],
  ['/a/[0-9]+|/b.', 'RegularExpression ^(?:/a/[0-9]+|/b.)$'],
  // What the API takes as no plain path.
  ['//a', 'RegularExpression ^//a$'],
  ['/a/[.][.]/b', 'RegularExpression ^/a/[.][.]/b$'],
  ['/a b', 'RegularExpression ^/a b$'],
];

for (const [pattern, expected] of table) {
  test(`${pattern} is ${expected}`, () => {
    const regex = compileRegex(pattern);
    if ('error' in regex) throw new Error(regex.error);
    const matches = pathMatches(regex);
    const written = Array.isArray(matches) ? matches.map(({ type, value }) => `${type} ${value}`).join(', ') : matches;
    assert.equal(written, expected);
  });
}

test('no pattern is any path, and one that is too long is none', () => {
  assert.equal(pathMatches(undefined), 'any');
  const regex = compileRegex(`/[ab]+${'x'.repeat(1100)}`);
  assert.ok(!('error' in regex));
  assert.equal(pathMatches(regex), undefined);
});

test('anchors that are there already are not doubled', () => {
  assert.equal(wholeText('^/a.$'), '^/a.$');
  assert.equal(wholeText(String.raw`/a\$`), String.raw`^/a\$$`);
  assert.equal(wholeText(String.raw`/\Qa.b`), String.raw`^(?:/\Qa.b\E)$`);
  assert.equal(wholeText(String.raw`/\Qa.b\E/c`), String.raw`^(?:/\Qa.b\E/c)$`);
});

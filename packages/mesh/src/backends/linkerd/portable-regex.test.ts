import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPortable } from './portable-regex.ts';

const portable = [
  '',
  '^/a$',
  String.raw`/v\d+\.[0-9]{1,3}`,
  '^(?:/a|/b/.*)$',

  '[[:alpha:]_-]+',
  String.raw`[^/\]]+`,
  '[]a]',
  'a{2,}',
  '(?P<name>a)',
  '(?i)a',
];

const others = [
  String.raw`/\Qa.b\E`,
  String.raw`\x{41}`,
  String.raw`\pL`,
  'a{',
  'a{x}',
  '[a[b]',
  '[a&&b]',
  '[a--b]',
  'é',
];

for (const pattern of portable) test(`${pattern} is read alike`, () => assert.ok(isPortable(pattern)));
for (const pattern of others) test(`${pattern} may be read otherwise`, () => assert.ok(!isPortable(pattern)));

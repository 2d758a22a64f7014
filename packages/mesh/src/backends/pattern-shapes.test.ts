import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from '@heddle/smi';
import * as fc from 'fast-check';
import { isAnything, literalOf, prefixOf, type Shape, shapesOf, suffixOf } from './pattern-shapes.ts';

/** `*` for anything, `+` for something, `#` for a segment. */
function written(shape: Shape): string {
  const marks = { any: '*', some: '+', segment: '#' };
  return shape.map(piece => (piece.kind === 'literal' ? piece.text : marks[piece.kind])).join('');
}

const table: readonly [pattern: string, shapes: readonly string[] | undefined][] = [
  ['', ['']],
  ['/books', ['/books']],
  ['^/books$', ['/books']],
  ['^/a$|^/b$', ['/a', '/b']],
  [String.raw`/v1\.0/x[.]y`, ['/v1.0/x.y']],
  ['.*', ['*']],
  ['.+', ['+']],
  ['/.*', ['/*']],
  ['/a/.*', ['/a/*']],
  ['/a(/.*)?', ['/a/*', '/a']],
  ['/a(?:|/.*)', ['/a', '/a/*']],
  ['/(a|b)/[^/]+', ['/a/#', '/b/#']],
  ['/v[12]', ['/v1', '/v2']],
  ['/v[1-3]x?', ['/v1x', '/v1', '/v2x', '/v2', '/v3x', '/v3']],
  ['.*/health', ['*/health']],
  ['.*.*', ['*']],
  ['.*?x', ['*x']],
  ['red|blue|red', ['red', 'blue']],
  ['/a.b', undefined],
  ['/a*', undefined],
  ['/[a-z]+', undefined],
  ['/[^/]*', undefined],
  [String.raw`/\d`, undefined],
  ['(?:/a|/b)(?s:.*)', ['/a*', '/b*']],
  ['/a{2}', undefined],
  ['(?i)/a', undefined],
  ['/(a|b)*', undefined],
  ['/é', undefined],
  ['/a$b', undefined],
  ['/[a-z]', undefined],
];

for (const [pattern, expected] of table) {
  test(`${JSON.stringify(pattern)} is ${expected?.join(' or ') ?? 'more than shapes'}`, () => {
    assert.deepEqual(shapesOf(pattern)?.map(written), expected);
  });
}

function only(pattern: string): Shape {
  return shapesOf(pattern)?.[0] ?? [];
}

test('a shape tells what it begins with, ends with, is', () => {
  assert.equal(literalOf(only('/a')), '/a');
  assert.equal(literalOf(only('/a.*')), undefined);
  assert.equal(prefixOf(only('/a.*')), '/a');
  assert.equal(prefixOf(only('/a.+')), undefined);
  assert.equal(suffixOf(only('.*a')), 'a');
  assert.ok(isAnything(only('/.*'), 'path') && isAnything(only('.+'), 'path') && isAnything(only('.*'), 'value'));
  assert.ok(!isAnything(only('/.*'), 'value') && !isAnything(only('.+'), 'value') && !isAnything(only('/a.*'), 'path'));
});

test('shapes match exactly what their pattern matches', () => {
  const atom = fc.constantFrom(
    'a',
    '/',
    'b',
    '.*',
    '.+',
    '[^/]+',
    '(a|/b)',
    'a?',
    '[ab]',
    '(/.*)?',
    '.*?',
    '|',
    '^a',
    'b$',
  );
  const pattern = fc.array(atom, { maxLength: 5 }).map(parts => parts.join(''));
  const text = fc.array(fc.constantFrom('a', 'b', '/', 'c'), { maxLength: 6 }).map(parts => parts.join(''));
  fc.assert(
    fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 8 }), (source, texts) => {
      const regex = compileRegex(source);
      const shapes = shapesOf(source);
      if (shapes === undefined || 'error' in regex) return;
      for (const each of texts) {
        assert.equal(
          shapes.some(shape => fits(shape, each)),
          regex.matches(each),
          `${source} on ${each}`,
        );
      }
    }),
    { numRuns: 500 },
  );
});

function fits([first, ...rest]: Shape, text: string): boolean {
  if (first === undefined) return text === '';
  if (first.kind === 'literal') return text.startsWith(first.text) && fits(rest, text.slice(first.text.length));
  const least = first.kind === 'any' ? 0 : 1;
  for (let length = least; length <= text.length; length++) {
    if (first.kind === 'segment' && text.slice(0, length).includes('/')) return false;
    if (fits(rest, text.slice(length))) return true;
  }
  return false;
}

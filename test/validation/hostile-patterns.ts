import * as fc from 'fast-check';

const atom = fc.constantFrom(
  'a',
  'z',
  '0',
  '/',
  '-',
  '_',
  '.',
  '%',
  ' ',
  '"',
  "'",
  '\\.',
  '\\/',
  '\\-',
  '\\_',
  '\\x2f',
  '\\x{ff}',
  '\\xe9',
  '\\101',
  'é',
  '[é]',
  'ÿ',
  '[à-ÿ]',
  '\u{a0}',
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\pL',
  '\\PL',
  '\\p{Lu}',
  '\\P{^Nd}',
  '\\p{Latin}',
  '[[:alpha:]]',
  '[[:^word:]]',
  '[^/]',
  '[^\\x00-\\x7f]',
  '[\\pL\\pN]',
  '[a-zA-Z0-9._~-]',
  '[]a]',
  '[^]]',
  '\\b',
  '\\B',
  '^',
  '$',
  '\\A',
  '\\z',
  '()',
  '(?i:k)',
  '(?s:.)',
  '(?-s:.)',
  '(?m:^a$)',
  '(?P<name>a)',
  '(?<n>a)',
  '\\Qa.b\\E',
  '\\Q*',
  '(?i)',
  '(?U)',
  '(?i)é',
  '',
  '\\t',
  '\\n',
  '\\x00',
  '\u{1}',
  '\u{7f}',
  '{',
  '}',
  'x{',
  '\\a',
  '🙂',
  '\\C',
  '(?=a)',
  '(',
);
const repeat = fc.constantFrom(
  '',
  '',
  '',
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{0}',
  '{1,3}',
  '{3,}',
  '{0,100}',
  '{1,1000}',
  '{1000}',
  '**',
);

const nested: fc.Arbitrary<string> = fc.letrec<{ pattern: string; piece: string }>(tie => ({
  pattern: fc.oneof(
    { maxDepth: 4 },
    fc.array(tie('piece'), { maxLength: 4 }).map(pieces => pieces.join('')),
    fc.array(tie('piece'), { minLength: 2, maxLength: 4 }).map(pieces => pieces.join('|')),
  ),
  piece: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(atom, repeat).map(parts => parts.join('')),
    fc
      .tuple(fc.constantFrom('(', '(?:'), tie('pattern'), repeat)
      .map(([open, inner, times]) => `${open}${inner})${times}`),
  ),
})).pattern;

/** What compiles to a program near the bound of 10,000 instructions, a little below or above. */
const large = fc.oneof(
  fc
    .tuple(fc.constantFrom('[a-z]', '.', '\\w', '[^/]', 'é', '\\pL', 'ab', '(?i:k)'), fc.integer({ min: 1, max: 1000 }))
    .map(([inner, times]) => `${inner}{1,${times}}`),
  fc
    .tuple(
      fc.constantFrom('a', '[a-z]', '\\w', '\\pL', '(?:a|b)', '.?'),
      fc.integer({ min: 1, max: 120 }),
      fc.integer({ min: 1, max: 120 }),
    )
    .map(([inner, often, times]) => `(?:${inner}{1,${often}}/){${times}}`),
  fc
    .tuple(fc.constantFrom('a*', 'a?', '(a|b)', '[a-c]+', '.*', '(?i)', 'é'), fc.integer({ min: 1, max: 1000 }))
    .map(([part, times]) => part.repeat(times)),
  fc.integer({ min: 1, max: 1024 }).map(depth => `${'('.repeat(depth)}a${')'.repeat(depth)}`),
  fc
    .integer({ min: 1, max: 1000 })
    .map(count => Array.from({ length: count }, (_, index) => `${index % 10}`).join('|')),
  fc.integer({ min: 2040, max: 2050 }).map(length => '/'.padEnd(length, 'x')),
);

/** Regular expressions that nobody should write; many of them are refused. */
export const hostilePattern: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: nested },
  { weight: 1, arbitrary: large },
);

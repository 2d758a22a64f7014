import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex, maxRegexLength, wireText } from './regex.ts';

const matches = (pattern: string, text: string): boolean | string => {
  const regex = compileRegex(pattern);
  return 'error' in regex ? regex.error : regex.matches(text);
};

test('a pattern matches the whole text (T6)', () => {
  assert.equal(matches('/books', '/books'), true);
  assert.equal(matches('/books', '/books/1'), false);
  assert.equal(matches('a|b', 'ab'), false);
  assert.equal(matches('^a$', 'a'), true);
  assert.equal(matches('', ''), true);
});

/** Whether a pattern matches the start of a text. */
function starts(pattern: string, text: string): boolean {
  const regex = compileRegex(pattern, 'start');
  assert.ok('matches' in regex && regex.pattern === pattern, pattern);
  const whole = compileRegex(regex.source);
  assert.equal('matches' in whole && whole.matches(text), regex.matches(text));
  return regex.matches(text);
}

test('with the anchor start it matches the start of a text, and what is displayed is what was written (T6)', () => {
  for (const pattern of ['/books', '', '/b|/c', '^/books', '(?i)/BOOKS', '/\\Qbooks', '/\\Qbo\\Eoks'])
    assert.equal(starts(pattern, '/books/7\n'), true, pattern);
  for (const pattern of ['books', '/books$', '/\\Qb.', '/x|/y', '(?m)^books'])
    assert.equal(starts(pattern, '/books/7'), false, pattern);
  assert.equal(starts('/books$', '/books'), true);
  assert.ok('error' in compileRegex('(', 'start'));
  const deep = `${'('.repeat(999)}a${')'.repeat(999)}`;
  assert.deepEqual(
    [deep, `(${deep})`].map(pattern => 'error' in compileRegex(pattern)),
    [true, true],
  );
  assert.equal('error' in compileRegex(deep.slice(1, -1)), 'error' in compileRegex(deep.slice(1, -1), 'start'));
  const large = '(a{1,99}){1,99}';
  assert.equal('error' in compileRegex(large, 'start'), 'error' in compileRegex(large));
});

test('a dot is any byte but a newline', () => {
  assert.equal(matches('.', '\u00e9'), true);
  assert.equal(matches('.', '\n'), false);
});

test('a character beyond ASCII is the bytes of its UTF-8', () => {
  const caf = wireText('café');
  for (const pattern of ['café', 'caf..', 'caf\\xc3\\xa9', 'caf[^a]+'])
    assert.equal(matches(pattern, caf), true, pattern);
  for (const pattern of ['caf.', 'caf[é]', 'caf\\xe9', 'cafÃ©']) assert.equal(matches(pattern, caf), false, pattern);
});

test('what is not RE2 over bytes comes back as an error, with its place where it is known', () => {
  for (const pattern of [
    '(',
    '(?=a)',
    '\\1',
    '[b-a]',
    'a**',
    '\\C',
    '\\x{10FFFF}',
    '\u0436',
    '((a{1,1000}){0}b){3,}',
  ]) {
    assert.ok('error' in compileRegex(pattern), pattern);
  }
  assert.deepEqual(compileRegex('ab\u0436'), { error: 'character "\u0436" is more than one byte', position: 2 });
});

test('classes of Unicode are those of which a byte can be, as Envoy knows them', () => {
  for (const pattern of [
    '\\pL',
    '\\P{Lu}+',
    '\\p{^Nd}',
    '[\\p{Latin}\\pZ]',
    '\\p{Any}',
    '\\Q\\p{Math}\\E',
    '\\\\p{Math}',
    '\\\\C',
  ])
    assert.ok('matches' in compileRegex(pattern), pattern);
  for (const pattern of [
    '\\p{Alphabetic}',
    '\\p{Cn}',
    '\\p{LC}',
    '[\\P{Math}]',
    '\\p{^Emoji}',
    '\\p{Garay}',
    '\\p{Greek}',
  ])
    assert.ok('error' in compileRegex(pattern), pattern);
  assert.deepEqual(compileRegex('a\\p{Math}'), {
    error: '\\p{Math} is not a class of bytes; there are general categories, such as \\p{Lu}, and \\p{Latin}',
    position: 1,
  });
});

test('patterns are bounded in length and compiled size (T6)', () => {
  assert.ok('error' in compileRegex('a'.repeat(maxRegexLength + 1)));
  assert.ok('matches' in compileRegex('a'.repeat(maxRegexLength)));
  assert.ok('error' in compileRegex('((a{1,100}){1,100}){1,10}'));
});

test('a hostile text takes no longer than a friendly one', () => {
  const regex = compileRegex('(a*)*b');
  assert.ok('matches' in regex && !regex.matches('a'.repeat(50_000)));
});

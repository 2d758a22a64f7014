import { compileRegex } from '@heddle/smi';
import { message, text } from './config.ts';

/** Whether a `StringMatcher` matches. */
export function matchesString(matcher: unknown, value: string): boolean {
  const { exact, prefix, contains, safeRegex } = message(matcher, 'StringMatcher', [
    'exact',
    'prefix',
    'contains',
    'safeRegex',
  ]);
  if (exact !== undefined) return value === exact;
  if (prefix !== undefined) return value.startsWith(text(prefix, 'prefix'));
  if (contains !== undefined) return value.includes(text(contains, 'contains'));
  return matchesRegex(safeRegex, value);
}

/** Whether a `RegexMatcher` matches all of a text. */
export function matchesRegex(matcher: unknown, value: string): boolean {
  const pattern = text(message(matcher, 'RegexMatcher', ['regex', 'googleRe2']).regex, 'regex');
  if (pattern === '') throw new Error('Envoy refuses an empty regex');
  const compiled = compileRegex(pattern);
  if ('error' in compiled) throw new Error(`Envoy would refuse ${pattern}: ${compiled.error}`);
  return compiled.matches(value);
}

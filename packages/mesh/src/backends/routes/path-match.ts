import type { Regex } from '@heddle/smi';
import { isAnything, literalOf, prefixOf, type Shape, shapesOf } from '../pattern-shapes.ts';

/** A path as a route of the Gateway API asks for it. */
export interface PathMatch {
  readonly type: 'Exact' | 'PathPrefix' | 'RegularExpression';
  readonly value: string;
}

/** The longest value that the API takes. */
const longestValue = 1024;

/**
 * What a pattern for whole paths is in the Gateway API: plain paths and prefixes where they say the same, else one regular
 * expression. `any` asks for nothing; `undefined` where the API can't say it. A `PathPrefix` goes by whole segments:
 * `/a` is `/a` and `/a/…`, so it takes a pattern that allows both
 * (https://gateway-api.sigs.k8s.io/reference/spec/#pathmatchtype).
 */
export function pathMatches(path: Regex | undefined): readonly PathMatch[] | 'any' | undefined {
  if (path === undefined) return 'any';
  const shapes = shapesOf(path.source);
  if (shapes?.some(shape => isAnything(shape, 'path'))) return 'any';
  return (shapes && plainMatches(shapes)) ?? regexMatch(path.source);
}

function regexMatch(pattern: string): PathMatch[] | undefined {
  const value = wholeText(pattern);
  return value.length > longestValue ? undefined : [{ type: 'RegularExpression', value }];
}

/** The API leaves open whether an expression must match the whole text: anchors make it so either way. */
export function wholeText(pattern: string): string {
  if (/[|]|\\Q/.test(pattern)) return `^(?:${pattern}${openQuote.test(pattern) ? '\\E' : ''})$`;
  return `^${pattern.replace(/^\^/, '').replace(/(?<!\\)\$$/, '')}$`;
}

/** Literal text that no \E ends. */
const openQuote = /\\Q(?:(?!\\E).)*$/s;

function plainMatches(shapes: readonly Shape[]): PathMatch[] | undefined {
  const literals = new Set(shapes.flatMap(shape => literalOf(shape) ?? []));
  const matches: PathMatch[] = [];
  for (const shape of shapes) {
    const prefix = prefixOf(shape);
    const parent = prefix?.endsWith('/') === true ? prefix.slice(0, -1) : undefined;
    if (parent !== undefined && literals.delete(parent) && isPlainPath(parent)) {
      matches.push({ type: 'PathPrefix', value: parent });
    } else if (literalOf(shape) === undefined) {
      return undefined;
    }
  }
  for (const value of literals) {
    if (!isPlainPath(value)) return undefined;
    matches.push({ type: 'Exact', value });
  }
  return matches;
}

/** What the API takes as the value of `Exact` and `PathPrefix`. */
function isPlainPath(path: string): boolean {
  return (
    path.startsWith('/') &&
    path.length <= longestValue &&
    /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/.test(path) &&
    !/\/\/|\/\.\.?(?:\/|$)|%2f|#/i.test(path)
  );
}

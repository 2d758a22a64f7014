import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import { isAnything, literalOf, type Shape, shapesOf } from '../pattern-shapes.ts';

/** Whether every request that one entry fits the other fits too, as far as their text tells. */
export function isWithin(inner: HttpRouteMatch, outer: HttpRouteMatch): boolean {
  const methods = outer.methods === undefined || inner.methods?.every(method => outer.methods?.includes(method));
  const headers = outer.headers.every(({ name, regex }) =>
    inner.headers.some(other => other.name === name && other.regex.source === regex.source),
  );
  return methods === true && headers && isPathWithin(inner, outer);
}

/** Whether no request fits both entries, as far as their text tells. */
export function areApart(a: HttpRouteMatch, b: HttpRouteMatch): boolean {
  if (a.methods !== undefined && b.methods !== undefined && !a.methods.some(method => b.methods?.includes(method))) {
    return true;
  }
  return arePathsApart(a, b) || arePathsApart(b, a);
}

/** Whether an entry leaves the path open. */
export function isAnyPath({ path }: HttpRouteMatch): boolean {
  return path === undefined || shapesOf(path.source)?.some(shape => isAnything(shape, 'path')) === true;
}

function isPathWithin({ path: inner }: HttpRouteMatch, { path: outer }: HttpRouteMatch): boolean {
  if (outer === undefined || inner?.source === outer.source) return true;
  const [some, all] = [shapesOf(inner?.source ?? '/.*'), shapesOf(outer.source)];
  if (some === undefined) return all?.some(shape => isAnything(shape, 'path')) === true;
  return some.every(shape => {
    const literal = literalOf(shape);
    if (literal !== undefined) return outer.matches(literal);
    return all?.some(wide => isAnything(wide, 'path') || startsWithin(shape, wide)) === true;
  });
}

/** Whether a shape begins with the text behind which another takes anything. */
function startsWithin([first]: Shape, [start, then, ...rest]: Shape): boolean {
  if (first?.kind !== 'literal' || start?.kind !== 'literal') return false;
  return then?.kind === 'any' && rest.length === 0 && first.text.startsWith(start.text);
}

/** Plain paths, none of which the other takes, or beginnings that exclude each other. */
function arePathsApart({ path: a }: HttpRouteMatch, { path: b }: HttpRouteMatch): boolean {
  if (a === undefined || b === undefined) return false;
  const [some, others] = [shapesOf(a.source), shapesOf(b.source)];
  if (some === undefined) return false;
  return some.every(shape => {
    const literal = literalOf(shape);
    if (literal !== undefined) return !b.matches(literal);
    return others?.every(other => excludeEachOther(shape, other)) === true;
  });
}

function excludeEachOther([a]: Shape, [b]: Shape): boolean {
  if (a?.kind !== 'literal' || b?.kind !== 'literal') return false;
  return !a.text.startsWith(b.text) && !b.text.startsWith(a.text);
}

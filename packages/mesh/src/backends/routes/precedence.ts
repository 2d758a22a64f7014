import type { RouteMatch } from './route-match.ts';

/**
 * Whether an implementation may ask a match before one that stands before it, for a request that both fit. The order of
 * the API is: exact paths, the longest prefix, a method, the most headers, then the place in the list; where a regular
 * expression stands is left open (https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule).
 */
export function mayOvertake(later: RouteMatch, earlier: RouteMatch): boolean {
  if (areDisjoint(later, earlier)) return false;
  const [a, b] = [later.path, earlier.path];
  const isOpen = a?.type === 'RegularExpression' ? b !== undefined : b?.type === 'RegularExpression' && a !== undefined;
  if (isOpen) return true;
  // A regular expression beside no path at all: every implementation asks the expression first.
  if (a?.type !== b?.type && b?.type === 'RegularExpression') return false;
  return (
    pathRank(later) > pathRank(earlier) || (pathRank(later) === pathRank(earlier) && compareRest(later, earlier) > 0)
  );
}

/** Every exact path is above every prefix; no path is the prefix `/`. */
function pathRank({ path }: RouteMatch): number {
  if (path === undefined) return 1;
  return path.type === 'PathPrefix' ? path.value.length : Number.POSITIVE_INFINITY;
}

function compareRest(a: RouteMatch, b: RouteMatch): number {
  const method = Number(a.method !== undefined) - Number(b.method !== undefined);
  return method === 0 ? (a.headers?.length ?? 0) - (b.headers?.length ?? 0) : method;
}

/** Whether no request fits both, as far as plain values tell. */
function areDisjoint(a: RouteMatch, b: RouteMatch): boolean {
  if (a.method !== undefined && b.method !== undefined && a.method !== b.method) return true;
  if (arePathsDisjoint(a, b)) return true;
  return (a.headers ?? []).some(one =>
    (b.headers ?? []).some(
      other =>
        one.name === other.name && one.type === undefined && other.type === undefined && one.value !== other.value,
    ),
  );
}

function arePathsDisjoint({ path: a }: RouteMatch, { path: b }: RouteMatch): boolean {
  if (a === undefined || b === undefined) return false;
  if (a.type === 'RegularExpression' || b.type === 'RegularExpression') return false;
  if (a.type === 'Exact' && b.type === 'Exact') return a.value !== b.value;
  if (a.type === 'PathPrefix' && b.type === 'PathPrefix')
    return !isBelow(a.value, b.value) && !isBelow(b.value, a.value);
  return a.type === 'Exact' ? !isBelow(a.value, b.value) : !isBelow(b.value, a.value);
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

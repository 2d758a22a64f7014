import { canGrant, type HttpRouteMatch } from '../../model/http-route-match.ts';
import type { Authorization } from '../../model/workload.ts';
import type { Shortfalls } from '../shortfalls.ts';
import { areApart, isAnyPath, isWithin } from './request-overlap.ts';

/** Kinds of requests with the TrafficTargets that let them in. */
export interface RouteGrants {
  /** Names of TrafficTargets, sorted. */
  readonly targets: readonly string[];
  /** `all`: every request. */
  readonly matches: 'all' | readonly HttpRouteMatch[];
}

interface Entry {
  /** Absent: every request. */
  readonly match?: HttpRouteMatch;
  readonly targets: Set<string>;
}

/**
 * Who may send which requests to a port, as Linkerd asks it: of all routes of a Server only the best that a request fits
 * decides, by the length of what its path matched, then method, then headers
 * (https://github.com/linkerd/linkerd2-proxy, linkerd/http/route). TrafficTargets add up instead (T1), so an entry gets
 * the targets of every entry around it as well. Where two entries overlap otherwise, the requests that fit both pass for
 * the callers of one of them only, with a finding: what is in doubt is closed.
 */
export function routeGrants(authorizations: readonly Authorization[], shortfalls: Shortfalls): RouteGrants[] {
  const entries = entriesOf(authorizations);
  const summed = entries.map(entry => ({
    ...entry,
    targets: new Set(entries.filter(around => isIn(entry, around)).flatMap(({ targets }) => [...targets])),
  }));
  sayOverlaps(summed, shortfalls);
  const groups = Map.groupBy(summed, ({ targets }) => [...targets].toSorted().join(' '));
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([targets, group]) => ({
      targets: targets.split(' '),
      matches: group.some(({ match }) => match === undefined)
        ? 'all'
        : group.flatMap(({ match }) => (match === undefined ? [] : [match])),
    }));
}

/** Entries that say the same are one. */
function entriesOf(authorizations: readonly Authorization[]): Entry[] {
  const entries = new Map<string, Entry>();
  for (const { target, http } of authorizations) {
    const { name } = target.source.object.metadata;
    for (const each of http === 'all' ? [undefined] : http.map(grant => grant.match).filter(canGrant)) {
      const match = each === undefined || isEverything(each) ? undefined : each;
      const key = match === undefined ? 'all' : textOf(match);
      const entry = entries.get(key) ?? { ...(match !== undefined && { match }), targets: new Set() };
      entry.targets.add(name);
      entries.set(key, entry);
    }
  }
  return [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

function isEverything(match: HttpRouteMatch): boolean {
  return isAnyPath(match) && match.methods === undefined && match.headers.length === 0;
}

function textOf({ path, methods, headers }: HttpRouteMatch): string {
  return JSON.stringify([path?.source, methods, headers.map(({ name, regex }) => [name, regex.source])]);
}

function isIn({ match: inner }: Entry, { match: outer }: Entry): boolean {
  return outer === undefined || (inner !== undefined && isWithin(inner, outer));
}

function sayOverlaps(entries: readonly Entry[], shortfalls: Shortfalls): void {
  for (const [index, a] of entries.entries()) {
    for (const b of entries.slice(index + 1)) {
      if (isSame(a.targets, b.targets)) continue;
      const [inner, outer] = isIn(a, b) ? [a, b] : [b, a];
      const { match } = inner;
      // Only one of two can stand for every request.
      if (match === undefined) continue;
      if (outer.match !== undefined && areApart(match, outer.match)) continue;
      if (isIn(inner, outer) && winsOver(match, outer.match)) continue;
      const other = outer.match === undefined ? 'the rule for all requests' : `entry ${outer.match.name}`;
      const message = `Linkerd asks one rule only for a request: one that fits both entry ${match.name} and ${other} passes for the callers of one of them. Make the two exclude each other.`;
      shortfalls.say('Approximated', match.origin, message);
    }
  }
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every(name => b.has(name));
}

/**
 * Whether the inner of two entries is the better for every request: it asks for more in the first thing that differs. A
 * path of one character is no better than any path.
 */
function winsOver(inner: HttpRouteMatch, outer: HttpRouteMatch | undefined): boolean {
  const isOpen = outer === undefined || isAnyPath(outer);
  if (isOpen && inner.path !== undefined && !inner.path.matches('/')) return true;
  if (!isOpen && outer.path?.source !== inner.path?.source) return false;
  if (outer?.methods === undefined && inner.methods !== undefined) return true;
  return inner.headers.length > (outer?.headers.length ?? 0);
}

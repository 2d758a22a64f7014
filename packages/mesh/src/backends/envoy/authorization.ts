import { canGrant, type HttpRouteMatch, spellingsOf } from '../../model/http-route-match.ts';
import type { InboundPolicy } from '../../model/workload.ts';
import { authorityInput } from './authority.ts';
import { nonEmpty } from './outbound-routes.ts';
import { typed } from './typed.ts';

/** The request's path without its query, as the RBAC filter sees it; set by the sidecar, hidden from the application. */
export const pathHeader = 'x-heddle-path';

/**
 * Authorization of one HTTP port, as a tree: first by the caller's SPIFFE ID in one look-up, then by its routes. A list
 * of policies would cost every request one look at every TrafficTarget.
 */
export function rbacPerRoute(policy: InboundPolicy): object {
  const map: Record<string, object> = {};
  for (const [identity, grants] of [...grantsByIdentity(policy)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    map[identity] =
      grants === 'all'
        ? { action: action('ALLOW') }
        : {
            matcher: {
              matcherList: {
                matchers: [{ predicate: anyOf(grants.map(predicate)), onMatch: { action: action('ALLOW') } }],
              },
            },
          };
  }
  const matcher =
    Object.keys(map).length === 0
      ? { onNoMatch: { action: action('DENY') } }
      : { matcherTree: { input: uriSan, exactMatchMap: { map } }, onNoMatch: { action: action('DENY') } };
  return typed('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', { rbac: { matcher } });
}

/** Whether any rule asks for the authority, which costs each request to work it out. */
export function matchesAuthority(policy: InboundPolicy): boolean {
  return policy.authorizations.some(
    ({ http }) => http !== 'all' && http.some(({ match }) => match.headers.some(({ name }) => name === 'host')),
  );
}

/** What an identity may send: anything, or what fits one of these. */
export type Grants = 'all' | HttpRouteMatch[];

/** What each identity may send, for those who may send anything. */
export function grantsByIdentity(policy: InboundPolicy): Map<string, Grants> {
  const byIdentity = new Map<string, Grants>();
  for (const { principals, http } of policy.authorizations) {
    const matches = http === 'all' ? [] : http.map(({ match }) => match).filter(canGrant);
    for (const { identity } of principals) {
      const before = byIdentity.get(identity) ?? [];
      const now = http === 'all' || before === 'all' || matches.some(matchesAll) ? 'all' : [...before, ...matches];
      if (now.length > 0) byIdentity.set(identity, now === 'all' ? now : unique(now));
    }
  }
  return byIdentity;
}

/** Entries that say the same are asked once; sorted, so that the order of TrafficTargets shows nowhere. */
function unique(matches: readonly HttpRouteMatch[]): HttpRouteMatch[] {
  const known = new Map(matches.map(match => [meaningOf(match), match]));
  return [...known].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, match]) => match);
}

/** What an entry says, as text: alike for entries that say the same. */
export function meaningOf({ path, methods, headers }: HttpRouteMatch): string {
  return JSON.stringify([path?.pattern, methods, headers.map(({ name, regex }) => [name, regex.pattern])]);
}

function matchesAll(match: HttpRouteMatch): boolean {
  return match.path === undefined && match.methods === undefined && match.headers.length === 0;
}

const uriSan = {
  name: 'envoy.matching.inputs.uri_san',
  typedConfig: typed('envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput', {}),
};

function action(verdict: 'ALLOW' | 'DENY'): object {
  return {
    name: verdict.toLowerCase(),
    typedConfig: typed('envoy.config.rbac.v3.Action', { name: verdict.toLowerCase(), action: verdict }),
  };
}

/** One entry of a route group: everything in it must hold. */
function predicate(match: HttpRouteMatch): object {
  const parts: object[] = [];
  if (match.path !== undefined) parts.push(holds(header(pathHeader), regex(match.path.pattern)));
  if (match.methods !== undefined) {
    parts.push(anyOf(match.methods.map(method => holds(header(':method'), { exact: method }))));
  }
  for (const { name, regex: pattern } of match.headers) {
    parts.push(holds(name === 'host' ? authorityInput : header(name), regex(nonEmpty(pattern.pattern))));
  }
  for (const { name } of match.headers) parts.push(...noLookalike(name));
  return parts.length === 1 ? (parts[0] as object) : { andMatcher: { predicate: parts } };
}

function anyOf(predicates: readonly object[]): object {
  return predicates.length === 1 ? (predicates[0] as object) : { orMatcher: { predicate: predicates } };
}

/** No header with `_` for `-` may come, which the application may take for the one that was matched (H5). */
function noLookalike(name: string): object[] {
  const lookalikes = spellingsOf(name).filter(spelling => spelling !== name);
  if (lookalikes.length === 0) return [];
  return [{ notMatcher: anyOf(lookalikes.map(lookalike => holds(header(lookalike), regex('.*')))) }];
}

function header(name: string): object {
  return { name, typedConfig: typed('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { headerName: name }) };
}

function holds(input: object, valueMatch: object): object {
  return { singlePredicate: { input, valueMatch } };
}

function regex(pattern: string): object {
  return { safeRegex: { googleRe2: {}, regex: pattern } };
}

import { canGrant, type HttpRouteMatch, spellingsOf } from '../../model/http-route-match.ts';
import type { InboundPolicy } from '../../model/workload.ts';
import { authorityInput } from './authority.ts';
import { oneAddress } from './cidr.ts';
import { pathHeader } from './http.ts';
import { nonEmpty } from './outbound-routes.ts';
import { typed } from './typed.ts';

/** Authorization of one HTTP port, which decides in `enforce` and only counts in `audit`; in `allow-all` there is none (I3). */
export function rbacPerRoute(policy: InboundPolicy): object {
  const rbac =
    policy.mode === 'enforce'
      ? { matcher: matcherOf(policy) }
      : policy.mode === 'audit'
        ? { shadowMatcher: matcherOf(policy) }
        : {};
  return typed('envoy.extensions.filters.http.rbac.v3.RBACPerRoute', { rbac });
}

/**
 * A tree: first by the caller's SPIFFE ID in one look-up, then by its routes, and by its address where labels pick its pods.
 * A list of policies would cost every request one look at every TrafficTarget.
 */
function matcherOf(policy: InboundPolicy): object {
  const map: Record<string, object> = {};
  for (const [identity, grants] of [...grantsByIdentity(policy)].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const alternatives = alternativesOf(grants);
    if (alternatives === 'any request') map[identity] = { action: action('ALLOW') };
    else if (alternatives.length > 0) {
      const matchers = [{ predicate: anyOf(alternatives), onMatch: { action: action('ALLOW') } }];
      map[identity] = { matcher: { matcherList: { matchers } } };
    }
  }
  return Object.keys(map).length === 0
    ? { onNoMatch: { action: action('DENY') } }
    : { matcherTree: { input: uriSan, exactMatchMap: { map } }, onNoMatch: { action: action('DENY') } };
}

/** Whether any rule asks for the authority, which costs each request to work it out. */
export function matchesAuthority(policy: InboundPolicy): boolean {
  if (policy.mode === 'allow-all') return false;
  return policy.authorizations.some(
    ({ http }) => http !== 'all' && http.some(({ match }) => match.headers.some(({ name }) => name === 'host')),
  );
}

/** Requests: any, or those that fit one of these. */
export type Requests = 'all' | readonly HttpRouteMatch[];

/** What one identity may send. */
export interface Grants {
  /** From wherever it calls. */
  anywhere: Requests;
  /** From the pods that labels pick, besides: by their addresses as one text. */
  readonly fromPods: Map<string, { readonly addresses: readonly string[]; requests: Requests }>;
}

/** What each identity may send, for those who may send anything. */
export function grantsByIdentity(policy: InboundPolicy): Map<string, Grants> {
  const byIdentity = new Map<string, Grants>();
  for (const { principals, http } of policy.authorizations) {
    const requests = http === 'all' ? http : http.map(({ match }) => match).filter(canGrant);
    for (const { identity, addresses } of principals) {
      const grants = byIdentity.get(identity) ?? { anywhere: [], fromPods: new Map() };
      byIdentity.set(identity, grants);
      if (addresses === undefined) grants.anywhere = either(grants.anywhere, requests);
      else {
        const key = addresses.join();
        const before = grants.fromPods.get(key)?.requests ?? [];
        grants.fromPods.set(key, { addresses, requests: either(before, requests) });
      }
    }
  }
  return byIdentity;
}

function either(a: Requests, b: Requests): Requests {
  if (a === 'all' || b === 'all' || b.some(matchesAll)) return 'all';
  return unique([...a, ...b]);
}

/** What lets a request in, one of which must hold; an empty list lets none in. */
function alternativesOf({ anywhere, fromPods }: Grants): 'any request' | object[] {
  if (anywhere === 'all') return 'any request';
  const bound = [...fromPods].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, grants]) => grants);
  return [
    ...anywhere.map(predicate),
    ...bound.flatMap(({ addresses, requests }) => {
      if (addresses.length === 0 || requests.length === 0) return [];
      const comesFrom = isOneOf(addresses);
      return requests === 'all' ? [comesFrom] : [allOf([comesFrom, anyOf(requests.map(predicate))])];
    }),
  ];
}

/** The address that the connection comes from, whatever headers say: a trie, so that any number of pods costs the same. */
function isOneOf(addresses: readonly string[]): object {
  return {
    singlePredicate: {
      input: { name: 'source', typedConfig: typed(`${networkInputs}.DirectSourceIPInput`, {}) },
      customMatch: {
        name: 'envoy.matching.matchers.ip',
        typedConfig: typed('envoy.extensions.matching.input_matchers.ip.v3.Ip', {
          statPrefix: 'pods',
          cidrRanges: addresses.map(oneAddress),
        }),
      },
    },
  };
}

const networkInputs = 'envoy.extensions.matching.common_inputs.network.v3';

/** Entries that say the same are asked once; sorted, so that the order of TrafficTargets shows nowhere. */
function unique(matches: readonly HttpRouteMatch[]): HttpRouteMatch[] {
  const known = new Map(matches.map(match => [meaningOf(match), match]));
  return [...known].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, match]) => match);
}

/** What an entry says, as text: alike for entries that say the same. */
export function meaningOf({ path, methods, headers }: HttpRouteMatch): string {
  return JSON.stringify([path?.source, methods, headers.map(({ name, regex }) => [name, regex.pattern])]);
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
  if (match.path !== undefined) parts.push(holds(header(pathHeader), regex(match.path.source)));
  if (match.methods !== undefined) {
    parts.push(anyOf(match.methods.map(method => holds(header(':method'), { exact: method }))));
  }
  for (const { name, regex: pattern } of match.headers) {
    parts.push(holds(name === 'host' ? authorityInput : header(name), regex(nonEmpty(pattern.pattern))));
  }
  for (const { name } of match.headers) parts.push(...noLookalike(name));
  return allOf(parts);
}

function allOf(predicates: readonly object[]): object {
  return predicates.length === 1 ? (predicates[0] as object) : { andMatcher: { predicate: predicates } };
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

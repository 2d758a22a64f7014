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
 * A list of policies would cost every request one look at every TrafficTarget. Where a tree with the routes of each caller
 * would be too large, callers that may do the same stand before their routes together.
 */
function matcherOf(policy: InboundPolicy): object {
  const groups = callersByGrants(policy)
    .map(({ identities, grants }) => ({ identities, alternatives: alternativesOf(grants) }))
    .filter(({ alternatives }) => alternatives.length > 0);
  const size = groups.reduce((sum, { identities, alternatives }) => sum + identities.length * alternatives.length, 0);
  const together = new Set(size > maxTreeSize ? groups.filter(({ identities }) => identities.length > 1) : []);
  const map: Record<string, object> = {};
  for (const group of groups) {
    if (together.has(group)) continue;
    const onMatch = onAlternatives(group.alternatives);
    for (const identity of group.identities) map[identity] = onMatch;
  }
  const matchers = [...together].map(({ identities, alternatives }) => ({
    predicate: anyOf(identities.map(identity => holds(uriSan, { exact: identity }))),
    onMatch: onAlternatives(alternatives),
  }));
  const deny = { action: action('DENY') };
  const onNoMatch = matchers.length === 0 ? deny : { matcher: { matcherList: { matchers }, onNoMatch: deny } };
  const entries = Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0
    ? { onNoMatch }
    : { matcherTree: { input: uriSan, exactMatchMap: { map: Object.fromEntries(entries) } }, onNoMatch };
}

/** Route entries that the tree of one port may hold, each once for every caller: some 20 MB. */
const maxTreeSize = 100_000;

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

/** Callers that may do the same, of which each is in one group. */
export interface CallerGroup {
  readonly identities: string[];
  readonly grants: Grants;
}

/** Groups in the order of their first callers. */
export function callersByGrants({ authorizations }: InboundPolicy): readonly CallerGroup[] {
  const opened = authorizations.map(({ http }) => (http === 'all' ? http : unique(http.map(({ match }) => match))));
  const openings = new Map<string, Map<string, Opening>>();
  for (const [index, { principals }] of authorizations.entries()) {
    for (const { identity, addresses } of principals) {
      const own = openings.get(identity) ?? new Map<string, Opening>();
      openings.set(
        identity,
        own.set(`${index} ${addresses?.join() ?? ''}`, { requests: opened[index] ?? [], addresses }),
      );
    }
  }
  const groups = new Map<string, CallerGroup>();
  for (const [identity, own] of [...openings].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const key = [...own.keys()].join('\n');
    const group = groups.get(key) ?? { identities: [], grants: grantsOf([...own.values()]) };
    groups.set(key, group);
    group.identities.push(identity);
  }
  return [...groups.values()];
}

/** What one TrafficTarget opens to one caller. */
interface Opening {
  readonly requests: Requests;
  readonly addresses: readonly string[] | undefined;
}

function grantsOf(openings: readonly Opening[]): Grants {
  const grants: Grants = { anywhere: [], fromPods: new Map() };
  for (const { requests, addresses } of openings) {
    const grantable = requests === 'all' ? requests : requests.filter(canGrant);
    if (addresses === undefined) grants.anywhere = either(grants.anywhere, grantable);
    else {
      const key = addresses.join();
      const before = grants.fromPods.get(key)?.requests ?? [];
      grants.fromPods.set(key, { addresses, requests: either(before, grantable) });
    }
  }
  return grants;
}

function either(a: Requests, b: Requests): Requests {
  if (a === 'all' || b === 'all' || b.some(matchesAll)) return 'all';
  return unique([...a, ...b]);
}

/** The alternative that needs no other, and is no predicate. */
const anyRequest: object = {};

function onAlternatives(alternatives: readonly object[]): object {
  const onMatch = { action: action('ALLOW') };
  if (alternatives[0] === anyRequest) return onMatch;
  return { matcher: { matcherList: { matchers: [{ predicate: anyOf(alternatives), onMatch }] } } };
}

/** What lets a request in, one of which must hold; an empty list lets none in. */
function alternativesOf({ anywhere, fromPods }: Grants): readonly object[] {
  if (anywhere === 'all') return [anyRequest];
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

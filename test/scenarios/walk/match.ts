import { list, message, text, typedMessage, typeOf } from './config.ts';
import { within } from './connection.ts';
import { type HttpRequest, headerOf, pathOnly } from './request.ts';
import { matchesRegex, matchesString } from './string-match.ts';

/** What is matched: a request, what filters have noted of it, and who sent it. */
export interface MatchContext {
  readonly request: HttpRequest;
  /** By key. */
  readonly filterState: ReadonlyMap<string, string>;
  /** The URI SAN of the peer. */
  readonly peer: string | undefined;
  /** Where its connection comes from. */
  readonly source: string | undefined;
}

/** Whether a `RouteMatch` matches. */
export function matchesRoute(match: unknown, { request, filterState: noted }: MatchContext): boolean {
  const { prefix, safeRegex, headers, filterState, grpc } = message(match, 'RouteMatch', [
    'prefix',
    'safeRegex',
    'headers',
    'filterState',
    'grpc',
  ]);
  if (grpc !== undefined && !/^application\/grpc(?:$|[+;])/.test(headerOf(request, 'content-type') ?? '')) return false;
  if (prefix !== undefined && !request.path.startsWith(text(prefix, 'prefix'))) return false;
  if (safeRegex !== undefined && !matchesRegex(safeRegex, pathOnly(request))) return false;
  const matchesHeaders = list(headers).every(item => {
    const { name, stringMatch } = message(item, 'HeaderMatcher', ['name', 'stringMatch']);
    const value = headerOf(request, text(name, 'name'));
    return value !== undefined && matchesString(stringMatch, value);
  });
  return (
    matchesHeaders &&
    list(filterState).every(item => {
      const { key, stringMatch } = message(item, 'FilterStateMatcher', ['key', 'stringMatch']);
      const value = noted.get(text(key, 'key'));
      return value !== undefined && matchesString(stringMatch, value);
    })
  );
}

/** The action that an `xds.type.matcher.v3.Matcher` chooses, or `undefined`. */
export function chooseAction(matcher: unknown, context: MatchContext): unknown {
  const { matcherList, matcherTree, onNoMatch } = message(matcher, 'Matcher', [
    'matcherList',
    'matcherTree',
    'onNoMatch',
  ]);
  const found = matcherList === undefined ? chooseInTree(matcherTree, context) : chooseInList(matcherList, context);
  return found ?? (onNoMatch === undefined ? undefined : onMatch(onNoMatch, context));
}

function onMatch(value: unknown, context: MatchContext): unknown {
  const { action, matcher } = message(value, 'OnMatch', ['action', 'matcher']);
  return matcher === undefined ? action : chooseAction(matcher, context);
}

function chooseInTree(tree: unknown, context: MatchContext): unknown {
  if (tree === undefined) return undefined;
  const { input, exactMatchMap } = message(tree, 'MatcherTree', ['input', 'exactMatchMap']);
  const map = message(exactMatchMap, 'MatchMap', ['map']).map as Readonly<Record<string, unknown>>;
  const value = inputOf(input, context);
  return value !== undefined && Object.hasOwn(map, value) ? onMatch(map[value], context) : undefined;
}

function chooseInList(matchers: unknown, context: MatchContext): unknown {
  for (const item of list(message(matchers, 'MatcherList', ['matchers']).matchers)) {
    const { predicate, onMatch: then } = message(item, 'FieldMatcher', ['predicate', 'onMatch']);
    const found = holds(predicate, context) ? onMatch(then, context) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function holds(predicate: unknown, context: MatchContext): boolean {
  const { singlePredicate, orMatcher, andMatcher, notMatcher } = message(predicate, 'Predicate', [
    'singlePredicate',
    'orMatcher',
    'andMatcher',
    'notMatcher',
  ]);
  if (notMatcher !== undefined) return !holds(notMatcher, context);
  if (singlePredicate !== undefined) {
    const { input, valueMatch, customMatch } = message(singlePredicate, 'SinglePredicate', [
      'input',
      'valueMatch',
      'customMatch',
    ]);
    const value = inputOf(input, context);
    if (value === undefined) return false;
    return customMatch === undefined ? matchesString(valueMatch, value) : matchesAddress(customMatch, value);
  }
  const parts = list(message(orMatcher ?? andMatcher, 'PredicateList', ['predicate']).predicate);
  if (parts.length < 2) throw new Error('Envoy refuses a list of fewer than two predicates');
  const judge = (part: unknown) => holds(part, context);
  return orMatcher === undefined ? parts.every(judge) : parts.some(judge);
}

function matchesAddress(matcher: unknown, address: string): boolean {
  const { typedConfig } = message(matcher, 'TypedExtensionConfig', ['name', 'typedConfig']);
  const type = 'envoy.extensions.matching.input_matchers.ip.v3.Ip';
  const { cidrRanges } = typedMessage(typedConfig, type, ['cidrRanges', 'statPrefix']);
  return list(cidrRanges).some(range => within(range, address));
}

const inputs = 'envoy.extensions.matching.common_inputs';

function inputOf(value: unknown, { request, filterState, peer, source }: MatchContext): string | undefined {
  const { typedConfig } = message(value, 'TypedExtensionConfig', ['name', 'typedConfig']);
  if (typeOf(typedConfig) === `${inputs}.ssl.v3.UriSanInput`) return peer;
  if (typeOf(typedConfig) === `${inputs}.network.v3.DirectSourceIPInput`) return source;
  if (typeOf(typedConfig) === `${inputs}.network.v3.FilterStateInput`) {
    const { key } = typedMessage(typedConfig, `${inputs}.network.v3.FilterStateInput`, ['key']);
    return filterState.get(text(key, 'key'));
  }
  const { headerName } = typedMessage(typedConfig, 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput', ['headerName']);
  return headerOf(request, text(headerName, 'headerName'));
}

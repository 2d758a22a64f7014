import { compileRegex } from '@heddle/smi';
import { list, message, text, typedMessage } from './config.ts';
import { type HttpRequest, headerOf, pathOnly } from './request.ts';

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

function matchesRegex(matcher: unknown, value: string): boolean {
  const pattern = text(message(matcher, 'RegexMatcher', ['regex', 'googleRe2']).regex, 'regex');
  if (pattern === '') throw new Error('Envoy refuses an empty regex');
  const compiled = compileRegex(pattern);
  if ('error' in compiled) throw new Error(`Envoy would refuse ${pattern}: ${compiled.error}`);
  return compiled.matches(value);
}

/** Whether a `RouteMatch` matches. */
export function matchesRoute(match: unknown, request: HttpRequest): boolean {
  const { prefix, safeRegex, headers } = message(match, 'RouteMatch', ['prefix', 'safeRegex', 'headers']);
  if (prefix !== undefined && !request.path.startsWith(text(prefix, 'prefix'))) return false;
  if (safeRegex !== undefined && !matchesRegex(safeRegex, pathOnly(request))) return false;
  return list(headers).every(item => {
    const { name, stringMatch } = message(item, 'HeaderMatcher', ['name', 'stringMatch']);
    const value = headerOf(request, text(name, 'name'));
    return value !== undefined && matchesString(stringMatch, value);
  });
}

/** What the matcher API reads besides the request. */
export interface MatchContext {
  readonly request: HttpRequest;
  /** The URI SAN of the peer. */
  readonly peer: string | undefined;
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
  const { singlePredicate, orMatcher, andMatcher } = message(predicate, 'Predicate', [
    'singlePredicate',
    'orMatcher',
    'andMatcher',
  ]);
  if (singlePredicate !== undefined) {
    const { input, valueMatch } = message(singlePredicate, 'SinglePredicate', ['input', 'valueMatch']);
    const value = inputOf(input, context);
    return value !== undefined && matchesString(valueMatch, value);
  }
  const parts = list(message(orMatcher ?? andMatcher, 'PredicateList', ['predicate']).predicate);
  if (parts.length < 2) throw new Error('Envoy refuses a list of fewer than two predicates');
  const judge = (part: unknown) => holds(part, context);
  return orMatcher === undefined ? parts.every(judge) : parts.some(judge);
}

function inputOf(value: unknown, { request, peer }: MatchContext): string | undefined {
  const { name, typedConfig } = message(value, 'TypedExtensionConfig', ['name', 'typedConfig']);
  if (name === 'envoy.matching.inputs.uri_san') {
    typedMessage(typedConfig, 'envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput', []);
    return peer;
  }
  const { headerName } = typedMessage(typedConfig, 'envoy.type.matcher.v3.HttpRequestHeaderMatchInput', ['headerName']);
  return headerOf(request, text(headerName, 'headerName'));
}

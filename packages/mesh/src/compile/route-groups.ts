import { compileRegex, type HTTPMatch, type HTTPRouteGroup, type Regex, type RegexAnchor } from '@heddle/smi';
import type { HeaderMatch, HttpRouteMatch } from '../model/http-route-match.ts';
import { originOf } from '../model/origin.ts';
import type { Resource } from '../store/resource-set.ts';

/** The entries of a namespace's HTTPRouteGroups by the group's name, in written order. */
export type RouteGroups = ReadonlyMap<string, readonly HttpRouteMatch[]>;

/** The entries of a route group with their patterns compiled, in written order; `anchor` is what paths are matched by (T6). */
export function entriesOf(group: Resource<HTTPRouteGroup>, anchor: RegexAnchor): readonly HttpRouteMatch[] {
  const places = writtenPlaces(group);
  return group.value.spec.matches.map((match, index) => ({
    ...conditionsOf(match, anchor),
    origin: originOf(group.source, ['spec', 'matches', places[index] ?? 0]),
  }));
}

/** What an entry asks for, compiled; `anchor` is what its path is matched by (T6). */
export function conditionsOf(match: HTTPMatch, anchor: RegexAnchor): Omit<HttpRouteMatch, 'origin'> {
  const methods = match.methods ?? [];
  return {
    name: match.name,
    ...(match.pathRegex && { path: regex(match.pathRegex, anchor) }),
    ...(methods.length > 0 && !methods.includes('*') && { methods: [...new Set(methods)] }),
    headers: headersOf(match.headers),
  };
}

/** Where the entries stand in the object as it was written: refused ones between them count too. */
function writtenPlaces({ source, value }: Resource<HTTPRouteGroup>): number[] {
  const { spec, matches } = source.object as { spec?: { matches?: unknown }; matches?: unknown };
  const written: unknown = spec?.matches ?? matches;
  const names = Array.isArray(written) ? written.map(item => (item as { name?: unknown } | null)?.name) : [];
  let next = 0;
  return value.spec.matches.map(({ name }) => {
    const place = names.indexOf(name, next);
    if (place >= 0) next = place + 1;
    return Math.max(place, 0);
  });
}

function headersOf(headers: HTTPMatch['headers']): HeaderMatch[] {
  const maps = headers === undefined ? [] : Array.isArray(headers) ? headers : [headers];
  return maps.flatMap(map =>
    Object.entries(map as Record<string, string>).map(([name, pattern]) => ({
      name: name.toLowerCase(),
      regex: regex(pattern),
    })),
  );
}

/** An empty pattern matches the empty text only; an object with an invalid one was left out when it was read. */
function regex(pattern: string, anchor: RegexAnchor = 'full'): Regex {
  const result = compileRegex(pattern, anchor);
  if ('error' in result)
    throw new Error(`unreadable pattern ${JSON.stringify(pattern)} came past the parser: ${result.error}`);
  return result;
}

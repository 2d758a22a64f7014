import { compileRegex, type HTTPMatch, type HTTPRouteGroup, type Regex } from '@heddle/smi';
import type { HeaderMatch, HttpRouteMatch } from '../model/http-route-match.ts';
import { originOf } from '../model/origin.ts';
import type { Resource } from '../store/resource-set.ts';

const compiled = new WeakMap<Resource<HTTPRouteGroup>, readonly HttpRouteMatch[]>();

/** The entries of a route group with their patterns compiled, in written order; made once for each version of the object. */
export function entriesOf(group: Resource<HTTPRouteGroup>): readonly HttpRouteMatch[] {
  let entries = compiled.get(group);
  if (entries === undefined) {
    entries = group.value.spec.matches.map(match => compileEntry(group, match));
    compiled.set(group, entries);
  }
  return entries;
}

function compileEntry(group: Resource<HTTPRouteGroup>, match: HTTPMatch): HttpRouteMatch {
  const methods = match.methods ?? [];
  return {
    name: match.name,
    ...(match.pathRegex && { path: regex(match.pathRegex) }),
    ...(methods.length > 0 && !methods.includes('*') && { methods: [...new Set(methods)] }),
    headers: headersOf(match.headers),
    origin: originOf(group.source, ['spec', 'matches', writtenIndex(group, match)]),
  };
}

/** Where the entry stands in the object as it was written: refused entries before it count too. */
function writtenIndex(group: Resource<HTTPRouteGroup>, match: HTTPMatch): number {
  const object = group.source.object as { spec?: { matches?: unknown }; matches?: unknown };
  const written = object.spec?.matches ?? object.matches;
  const index = Array.isArray(written) ? written.findIndex(item => item?.name === match.name) : -1;
  return Math.max(index, 0);
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
function regex(pattern: string): Regex {
  const result = compileRegex(pattern);
  if ('error' in result)
    throw new Error(`unreadable pattern ${JSON.stringify(pattern)} came past the parser: ${result.error}`);
  return result;
}

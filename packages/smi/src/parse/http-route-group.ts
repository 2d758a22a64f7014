import { versionOf } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import type { HTTPMatch, HTTPRouteGroup } from '../types/specs-v1alpha4.ts';
import { parseMethods, parseRegex, unreadable } from './match-fields.ts';
import type { Reader } from './reader.ts';

/** Reads an HTTPRouteGroup of any version (V2). An entry with an invalid part is left out, the others stay (T6). */
export function parseHTTPRouteGroup(root: Reader, object: KubeObject): HTTPRouteGroup | undefined {
  const version = versionOf(object.apiVersion);
  const list = version === 'v1alpha1' || version === 'v1alpha2' ? flatMatchesOf(root) : matchesOf(root);
  const names = new Set<string>();
  const matches: HTTPMatch[] = [];
  for (const item of list.items()) {
    const headers = item.field('headers');
    if (version === 'v1alpha1' && headers.present) headers.report('LaterField', laterHeaders);
    const match = parseMatch(item);
    if (match === undefined) continue;
    if (names.has(match.name)) {
      item.field('name').report('DuplicateMatchName', `Another entry is called ${match.name}; give each its own name.`);
    }
    names.add(match.name);
    matches.push(match);
  }
  return {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: object.metadata,
    spec: { matches },
  };
}

const laterHeaders = 'Headers came with v1alpha2; they are read all the same. Say that this object is of v1alpha2.';

/** Before v1alpha3, entries stand beside the metadata. */
function flatMatchesOf(root: Reader): Reader {
  const matches = root.field('matches');
  if (!matches.present) matches.report('InvalidField', 'matches is required; list the entries of the group.');
  return matches;
}

function matchesOf(root: Reader): Reader {
  const misplaced = root.field('matches');
  if (misplaced.present && !root.field('spec').field('matches').present) {
    misplaced.report(
      'MisplacedMatches',
      'In this version matches belong under spec; it is read all the same. Move it there.',
    );
    return misplaced;
  }
  const spec = root.field('spec');
  if (spec.isObject()) {
    spec.knows(['matches']);
    const matches = spec.field('matches');
    if (!matches.present) matches.report('InvalidField', 'matches is required; list the entries of the group.');
    return matches;
  }
  return spec.field('matches');
}

function parseMatch(item: Reader): HTTPMatch | undefined {
  if (!item.isObject()) return undefined;
  item.knows(['name', 'pathRegex', 'methods', 'headers']);
  const name = item.field('name').requiredString();
  const path = parseRegex(item.field('pathRegex'));
  const methods = parseMethods(item.field('methods'));
  const headers = parseHeaders(item.field('headers'));
  if (name === undefined || path === unreadable || methods === unreadable || headers === unreadable) return undefined;
  if (!path && methods === undefined && headers === undefined) {
    item.report('MatchesEverything', `Entry ${name} has only a name, so it matches every request.`);
  }
  return {
    name,
    ...(path !== undefined && { pathRegex: path }),
    ...(methods !== undefined && { methods }),
    ...(headers !== undefined && { headers }),
  };
}

function parseHeaders(reader: Reader): HTTPMatch['headers'] | typeof unreadable {
  if (!reader.present) return undefined;
  if (Array.isArray(reader.value)) {
    const maps = reader.items().map(parseHeaderMap);
    const valid = maps.filter(map => map !== unreadable);
    return valid.length === maps.length ? valid : unreadable;
  }
  const map = parseHeaderMap(reader);
  if (map !== unreadable) {
    reader.report(
      'MapHeaders',
      'headers is a map here; clients built on the official Go types read only a list of maps.',
    );
  }
  return map;
}

function parseHeaderMap(reader: Reader): Readonly<Record<string, string>> | typeof unreadable {
  if (!reader.isObject()) return unreadable;
  const entries: [string, string][] = [];
  let invalid = false;
  for (const name of Object.keys(reader.value as object)) {
    const field = reader.field(name);
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      field.report('InvalidField', `${JSON.stringify(name)} is not a header name.`);
      invalid = true;
    }
    const pattern = field.present ? parseRegex(field) : field.requiredString();
    if (pattern === undefined || pattern === unreadable) invalid = true;
    else entries.push([name, pattern]);
  }
  return invalid ? unreadable : Object.fromEntries(entries);
}

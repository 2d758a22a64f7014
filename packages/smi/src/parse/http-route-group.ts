import type { KubeObject } from '../object.ts';
import { compileRegex } from '../regex.ts';
import type { HTTPMatch, HTTPRouteGroup } from '../specs.ts';
import type { Reader } from './reader.ts';

/** Stands for a field that is there and can't be read. */
const unreadable = Symbol('unreadable');

/** Reads an HTTPRouteGroup of specs v1alpha4. An entry with an invalid part is left out, the others stay (T6). */
export function parseHTTPRouteGroup(root: Reader, object: KubeObject): HTTPRouteGroup | undefined {
  const list = matchesOf(root);
  const names = new Set<string>();
  const matches: HTTPMatch[] = [];
  for (const item of list.items()) {
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

function parseRegex(reader: Reader): string | undefined | typeof unreadable {
  if (!reader.present) return undefined;
  const pattern = reader.optionalString();
  if (pattern === undefined) return unreadable;
  const compiled = pattern === '' ? undefined : compileRegex(pattern);
  if (compiled !== undefined && 'error' in compiled) {
    const at = compiled.position === undefined ? '' : ` at character ${compiled.position + 1}`;
    reader.report(
      'InvalidRegex',
      `${JSON.stringify(pattern.slice(0, 80))} is not a valid RE2 pattern${at}: ${compiled.error}.`,
    );
    return unreadable;
  }
  return pattern;
}

function parseMethods(reader: Reader): string[] | undefined | typeof unreadable {
  if (!reader.present) return undefined;
  if (!Array.isArray(reader.value)) {
    reader.items();
    return unreadable;
  }
  const methods: string[] = [];
  let invalid = false;
  for (const item of reader.items()) {
    const method = item.requiredString();
    if (method === undefined) invalid = true;
    else if (/^(\*|[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/.test(method)) methods.push(method);
    else {
      item.report(
        'InvalidMethod',
        `${JSON.stringify(method)} is not an HTTP method; write a token such as GET, or "*".`,
      );
      invalid = true;
    }
  }
  return invalid ? unreadable : methods;
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

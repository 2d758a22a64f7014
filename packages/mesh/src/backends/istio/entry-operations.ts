import { type HeaderMatch, type HttpRouteMatch, isSpelling, spellingsOf } from '../../model/http-route-match.ts';
import { originOf } from '../../model/origin.ts';
import { isAnything, literalOf, prefixOf, type Shape, shapesOf, suffixOf } from '../pattern-shapes.ts';
import type { Shortfall, Shortfalls } from '../shortfalls.ts';
import { pathTemplate } from './path-template.ts';

/** Requests as `to.operation` of an AuthorizationPolicy names them, whatever the port. */
export interface Operation {
  readonly hosts?: readonly string[];
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
  readonly notPaths?: readonly string[];
}

/** A header as `when` of an AuthorizationPolicy asks for it. */
export interface Condition {
  readonly key: string;
  readonly values?: readonly string[];
  readonly notValues?: readonly string[];
}

/** What of a rule one entry of a route group is: any of the operations, and all conditions. */
export interface EntryRule {
  readonly operations: readonly Operation[];
  readonly conditions: readonly Condition[];
}

/** Every path; a field of HTTP, so that a rule with it opens nothing to bare bytes. */
export const anyPath: Operation = { paths: ['/*'] };

/**
 * What an entry of a route group is in an AuthorizationPolicy, whose values are exact, a prefix `a*`, a suffix `*a`,
 * present `*`, or for paths a template (https://istio.io/latest/docs/reference/config/security/authorization-policy/).
 * `undefined`, with a finding, where they can't say it: the entry stays closed.
 */
export function entryRule(match: HttpRouteMatch, shortfalls: Shortfalls): EntryRule | undefined {
  const entry = new Entry(match, shortfalls);
  const paths = entry.paths();
  const methods = entry.methods();
  const hosts = entry.hosts();
  const conditions = entry.conditions();
  if (paths === undefined || methods === undefined || hosts === undefined || conditions === undefined) return undefined;
  return { operations: paths.map(path => ({ ...hosts, ...methods, ...path })), conditions };
}

/** Reads one entry, and tells what of it can't be said. */
class Entry {
  readonly #match: HttpRouteMatch;
  readonly #shortfalls: Shortfalls;

  constructor(match: HttpRouteMatch, shortfalls: Shortfalls) {
    this.#match = match;
    this.#shortfalls = shortfalls;
  }

  methods(): Operation | undefined {
    const { methods } = this.#match;
    if (methods === undefined) return {};
    // A star at an end is a wildcard to Istio.
    if (methods.every(method => !isWild(method))) return { methods };
    return this.#lacks('methods', `has no method ${methods.filter(isWild).join(', ')}`);
  }

  /** Plain values stand in one operation, each that excludes something in its own. */
  paths(): readonly Operation[] | undefined {
    const { path } = this.#match;
    if (path === undefined) return [anyPath];
    // Paths begin with a slash, so that what doesn't is never asked for.
    const shapes = shapesOf(path.source)?.filter(canBePath);
    if (shapes?.some(shape => isAnything(shape, 'path'))) return [anyPath];
    const read = shapes?.map(pathOperation);
    if (read === undefined || !read.every(operation => operation !== undefined)) {
      return this.#lacks('pathRegex', `takes no regular expression for a path, and ${path.pattern} is more than that`);
    }
    if (shapes?.some(shape => shape.some(({ kind }) => kind === 'segment')) === true) {
      const message =
        'Istio matches a segment of unreserved and escaped characters only; a path with others is refused.';
      this.#say('Approximated', 'pathRegex', message);
    }
    const plain = read.filter(({ notPaths }) => notPaths === undefined).flatMap(({ paths = [] }) => paths);
    const rest = read.filter(({ notPaths }) => notPaths !== undefined);
    return plain.length === 0 ? rest : [{ paths: plain }, ...rest];
  }

  /**
   * Istio compares hosts in any letter case, with the port that the caller wrote, hence `name:*`
   * (https://istio.io/latest/docs/ops/best-practices/security/#host-match-rules-in-authorization-policies).
   */
  hosts(): Operation | undefined {
    const asked = this.#match.headers.filter(({ name }) => name === 'host');
    const [first, ...others] = asked.filter(({ regex }) => !isAny(regex.source));
    if (first === undefined) return {};
    if (others.length > 0)
      return this.#lacks('headers', 'takes one list of hosts, and this entry has several conditions on them');
    const hosts = shapesOf(first.regex.source)?.map(hostValues);
    if (hosts?.every(values => values !== undefined)) return { hosts: hosts.flat() };
    return this.#lacks(
      'headers',
      `takes no regular expression for a host, and ${first.regex.pattern} is more than that`,
    );
  }

  conditions(): readonly Condition[] | undefined {
    const conditions: Condition[] = [];
    for (const header of this.#match.headers) {
      if (header.name === 'host') continue;
      const values = headerValues(header);
      if (values === undefined) {
        return this.#lacks(
          'headers',
          `takes no regular expression for a header, and that of ${header.name} is more than that`,
        );
      }
      conditions.push({ key: keyOf(header.name), values }, ...noLookalikes(header.name));
      const message = `Of several ${header.name} headers in one request one that fits is enough for Istio; Heddle joins them first. Have the application refuse a second one.`;
      this.#say('Approximated', 'headers', message);
    }
    return conditions;
  }

  /** The entry stays closed. */
  #lacks(field: string, what: string): undefined {
    this.#say('Unsupported', field, `Istio ${what}; what the entry opens stays closed.`);
  }

  #say(reason: Shortfall, field: string, message: string): void {
    const { source, path } = this.#match.origin;
    this.#shortfalls.say(reason, originOf(source, [...path, field]), message);
  }
}

/** `/a`, `/a*`, `/a*` but not `/a`, `*a`, or a template. */
function pathOperation(shape: Shape): Operation | undefined {
  const literal = literalOf(shape);
  if (literal !== undefined) return isPlain(literal) ? { paths: [literal] } : undefined;
  const prefix = prefixOf(shape);
  if (prefix !== undefined) return isPlain(prefix) ? { paths: [`${prefix}*`] } : undefined;
  const suffix = suffixOf(shape);
  if (suffix !== undefined) return isPlain(suffix) ? { paths: [`*${suffix}`] } : undefined;
  const [first, second, ...rest] = shape;
  if (first?.kind === 'literal' && second?.kind === 'some' && rest.length === 0) {
    return isPlain(first.text) ? { paths: [`${first.text}*`], notPaths: [first.text] } : undefined;
  }
  const template = pathTemplate(shape);
  return template === undefined ? undefined : { paths: [template] };
}

function canBePath([first]: Shape): boolean {
  return first !== undefined && (first.kind !== 'literal' || first.text.startsWith('/'));
}

/** No wildcard at its ends, no template in it. */
function isPlain(text: string): boolean {
  return text !== '' && !isWild(text) && !/\{\*/.test(text);
}

function isWild(text: string): boolean {
  return text.startsWith('*') || text.endsWith('*');
}

/** A host is in lower case here, so that what is written otherwise is never asked for. */
function hostValues(shape: Shape): readonly string[] | undefined {
  const literal = literalOf(shape);
  if (literal !== undefined && /[A-Z]/.test(literal)) return [];
  if (literal !== undefined) return isPlain(literal) ? [literal, `${literal}:*`] : undefined;
  const prefix = prefixOf(shape);
  return prefix !== undefined && isPlain(prefix) && !/[A-Z]/.test(prefix) ? [`${prefix}*`] : undefined;
}

function headerValues({ regex }: HeaderMatch): readonly string[] | undefined {
  const values = shapesOf(regex.source)?.map(headerValue);
  return values?.every(value => value !== undefined) === true ? values : undefined;
}

function headerValue(shape: Shape): string | undefined {
  if (isAnything(shape, 'value')) return '*';
  const [literal, prefix, suffix] = [literalOf(shape), prefixOf(shape), suffixOf(shape)];
  const text = literal ?? prefix ?? suffix;
  if (text === undefined || text === '' || isWild(text)) return undefined;
  return prefix !== undefined ? `${text}*` : suffix !== undefined ? `*${text}` : text;
}

/** No header with `_` for `-` may come, which the application may take for the one that is asked for (H5). */
function noLookalikes(name: string): Condition[] {
  return spellingsOf(name)
    .filter(spelling => spelling !== name && isSpelling(name, spelling))
    .map(spelling => ({ key: keyOf(spelling), notValues: ['*'] }));
}

function keyOf(header: string): string {
  return `request.headers[${header}]`;
}

function isAny(pattern: string): boolean {
  return shapesOf(pattern)?.some(shape => isAnything(shape, 'value')) === true;
}

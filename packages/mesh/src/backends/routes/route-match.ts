import type { HeaderMatch, HttpRouteMatch } from '../../model/http-route-match.ts';
import type { MeshModel } from '../../model/mesh-model.ts';
import { originOf } from '../../model/origin.ts';
import { literalOf, shapesOf } from '../pattern-shapes.ts';
import type { Shortfall, Shortfalls } from '../shortfalls.ts';
import { type PathMatch, pathMatches, wholeText } from './path-match.ts';

/** A kind of request as a rule of an HTTPRoute asks for it: all that is present must hold. */
export interface RouteMatch {
  readonly path?: PathMatch;
  readonly method?: string;
  readonly headers?: readonly HeaderAsked[];
}

/** A header as a rule asks for it. */
export interface HeaderAsked {
  readonly type?: 'RegularExpression';
  readonly name: string;
  readonly value: string;
}

/** Who takes the route, and where it is told what is lacking. */
export interface RouteDialect {
  readonly model: MeshModel;
  /** As the subject of a sentence. */
  readonly target: string;
  /** Whether it takes a regular expression of RE2 and reads it alike; absent: nothing is said of that. */
  readonly takesRegex?: (pattern: string) => boolean;
  /** What becomes of requests for an entry that can't be said: a clause. */
  readonly leftOut: string;
  readonly shortfalls: Shortfalls;
}

/** The methods of the API's enumeration (https://gateway-api.sigs.k8s.io/reference/spec/#httpmethod). */
const knownMethods: ReadonlySet<string> = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH'.split(' '));

/** What the API takes in one match, and in one rule. */
const most = { headers: 16, matches: 64, value: 4096 } as const;

/**
 * What an entry of a route group is in the API: a match for each of its methods and alternatives. `undefined`, with a
 * finding, where it can't be said: an entry that would match more is left out.
 */
export function routeMatches(match: HttpRouteMatch, dialect: RouteDialect): readonly RouteMatch[] | undefined {
  const entry = new Entry(match, dialect);
  const methods = entry.methods();
  const paths = entry.paths();
  const headers = entry.headers();
  if (methods === undefined || paths === undefined || headers === undefined) return undefined;
  const all = paths.flatMap(path =>
    methods.flatMap(method =>
      headers.map(asked => ({
        ...(path !== undefined && { path }),
        ...(method !== undefined && { method }),
        ...(asked.length > 0 && { headers: asked }),
      })),
    ),
  );
  if (all.length <= most.matches) return all;
  entry.lacks([], `takes at most ${most.matches} matches in a rule, and this entry is ${all.length}`);
  return undefined;
}

/** Reads one entry, and tells what of it can't be said. */
class Entry {
  readonly #match: HttpRouteMatch;
  readonly #dialect: RouteDialect;

  constructor(match: HttpRouteMatch, dialect: RouteDialect) {
    this.#match = match;
    this.#dialect = dialect;
  }

  methods(): readonly (string | undefined)[] | undefined {
    const { methods } = this.#match;
    if (methods === undefined) return [undefined];
    const odd = methods.filter(method => !knownMethods.has(method));
    if (odd.length === 0) return methods;
    const { target } = this.#dialect;
    const rest = methods.length > odd.length ? 'the other methods stay' : this.#dialect.leftOut;
    this.#say('Unsupported', ['methods'], `${target} knows no method ${odd.join(' or ')}; ${rest}.`);
    return methods.length > odd.length ? methods.filter(method => knownMethods.has(method)) : undefined;
  }

  paths(): readonly (PathMatch | undefined)[] | undefined {
    const paths = pathMatches(this.#match.path);
    if (paths === 'any') return [undefined];
    if (paths === undefined) return this.lacks(['pathRegex'], 'takes no path of more than 1,024 characters');
    const regex = paths.find(({ type }) => type === 'RegularExpression');
    return regex === undefined || this.#canTake(regex.value, ['pathRegex'], 'path') ? paths : undefined;
  }

  /** One list of headers for each choice among their alternatives. */
  headers(): readonly (readonly HeaderAsked[])[] | undefined {
    const byName = Map.groupBy(this.#match.headers, ({ name }) => name);
    if (byName.size > most.headers) return this.lacks(['headers'], `takes at most ${most.headers} headers in a match`);
    let choices: readonly (readonly HeaderAsked[])[] = [[]];
    for (const [name, conditions] of byName) {
      const asked = this.#askedOf(name, conditions);
      if (asked === undefined) return undefined;
      choices = choices.flatMap(choice => asked.map(header => [...choice, header]));
      if (choices.length > most.matches) return this.lacks(['headers'], 'takes no entry of so many alternatives');
    }
    return choices;
  }

  #askedOf(name: string, conditions: readonly HeaderMatch[]): readonly HeaderAsked[] | undefined {
    const patterns = new Set(conditions.map(({ regex }) => regex.source));
    const [pattern = ''] = patterns;
    if (name === 'host') return this.lacks(['headers'], 'matches no Host in such a route');
    if (patterns.size > 1) return this.lacks(['headers'], `takes one condition for a header, and ${name} has several`);
    const literals = shapesOf(pattern)?.map(literalOf);
    if (literals?.every(isValue)) return literals.map(value => ({ name, value }));
    const value = wholeText(pattern);
    if (!this.#canTake(value, ['headers'], `header ${name}`)) return undefined;
    if (value.length > most.value)
      return this.lacks(['headers'], `takes no value of more than ${most.value} characters`);
    return [{ type: 'RegularExpression', name, value }];
  }

  /** The entry is left out. */
  lacks(field: readonly string[], what: string): undefined {
    const { target, leftOut } = this.#dialect;
    this.#say('Unsupported', field, `${target} ${what}; ${leftOut}.`);
  }

  /** Says what keeps a regular expression from being taken, or what it hangs on. */
  #canTake(pattern: string, field: readonly string[], what: string): boolean {
    const { target, takesRegex } = this.#dialect;
    if (takesRegex === undefined) {
      const message = `${target} leaves regular expressions to its implementations: look whether yours matches the ${what} by them, and in which order it asks rules that have one.`;
      this.#say('DependsOnTarget', field, message);
      return true;
    }
    if (takesRegex(pattern)) return true;
    this.lacks(field, `reads the pattern of the ${what} in another way, or not at all`);
    return false;
  }

  #say(reason: Shortfall, field: readonly string[], message: string): void {
    const { source, path } = this.#match.origin;
    this.#dialect.shortfalls.say(reason, originOf(source, [...path, ...field]), message);
  }
}

function isValue(literal: string | undefined): literal is string {
  return literal !== undefined && literal !== '' && literal.length <= most.value;
}

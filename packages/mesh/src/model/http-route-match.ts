import type { Regex } from '@heddle/smi';
import type { ResourceOrigin } from './origin.ts';

/** One kind of HTTP request: all that is present must hold. */
export interface HttpRouteMatch {
  /** Name of the entry in its route group. */
  readonly name: string;
  /** Must match the normalised path, without the query: all of it, or its start where the mesh says so (T6). Absent: any path. */
  readonly path?: Regex;
  /** Methods as on the wire; absent: any (T7). */
  readonly methods?: readonly string[];
  /** Each must match its whole header; an absent header matches nothing (T7). */
  readonly headers: readonly HeaderMatch[];
  readonly origin: ResourceOrigin;
}

/** A header that must be there, and what it must look like as a whole (T7). */
export interface HeaderMatch {
  /** In lower case; `host` is the authority. */
  readonly name: string;
  readonly regex: Regex;
}

/**
 * Headers that steer a sidecar, or by which it vouches for a caller: removed from what applications send, and matched by
 * nothing (H5). Lower case.
 */
export function isSteeringHeader(name: string): boolean {
  return name.startsWith('x-envoy-') || name.startsWith('x-heddle-') || isSpelling('x-forwarded-client-cert', name);
}

/** Headers by which some applications take another method than the one on the wire (T7). Lower case. */
export const methodOverrideHeaders: readonly string[] = [
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
];

/** Whether one name is another with `_` for any of its `-`, or for none: many applications take both for one header (H5). */
export function isSpelling(name: string, other: string): boolean {
  if (other.length !== name.length) return false;
  for (let at = 0; at < name.length; at++) {
    if (other[at] !== name[at] && !(name[at] === '-' && other[at] === '_')) return false;
  }
  return true;
}

/** Every spelling of a name, itself first: two for each `-` that it has. */
export function spellingsOf(name: string): string[] {
  const [first = '', ...rest] = name.split('-');
  return rest.reduce((heads, part) => ['-', '_'].flatMap(mark => heads.map(head => head + mark + part)), [first]);
}

/** Names with more `-` have so many spellings that an entry which names one lets nothing in. */
const mostDashes = 6;

/** Whether an entry can let anything in: not by what the sidecar adds, nor by a name with countless spellings. */
export function canGrant({ headers }: HttpRouteMatch): boolean {
  return headers.every(({ name }) => whyNoVoucher(name) === undefined);
}

/** Why a header that an entry asks for lets nothing in, as a clause; `undefined` where it does. */
export function whyNoVoucher(name: string): string | undefined {
  if (isSteeringHeader(name)) return `header ${name} is the sidecar’s own`;
  if (name.split('-').length <= mostDashes + 1) return undefined;
  return `header ${name} has too many spellings with _ for - to be safe`;
}

/** What of a request is matched. */
export interface RequestFacts {
  readonly method: string;
  /** Normalised, without the query; `undefined` for `OPTIONS *`, which has none (H5). */
  readonly path: string | undefined;
  /** Values by lower-case name; repeated headers are joined by `,` (T7). */
  readonly headers: ReadonlyMap<string, string>;
}

/** The first thing that keeps a request from matching, or `undefined` when it matches. */
export function mismatch(match: HttpRouteMatch, request: RequestFacts): string | undefined {
  if (request.path === undefined) return `${request.method} * has no path`;
  if (match.methods !== undefined && !match.methods.includes(request.method)) {
    return `method ${request.method} is not ${match.methods.join(' or ')}`;
  }
  if (match.path !== undefined && !match.path.matches(request.path)) {
    return `path ${request.path} does not match ${match.path.pattern}`;
  }
  for (const { name, regex } of match.headers) {
    const value = request.headers.get(name);
    if (value === undefined) return `header ${name} is absent`;
    if (!regex.matches(value)) return `header ${name}: ${value} does not match ${regex.pattern}`;
  }
  return undefined;
}

/**
 * The first thing that keeps an entry from letting a request in. Besides what keeps it from matching that is a header
 * with `_` for a `-` of one that the entry names, since the application may take it for that one (H5). Other entries may
 * still let the request in, so that adding one never takes access away (T1).
 */
export function grantMismatch(match: HttpRouteMatch, request: RequestFacts): string | undefined {
  const found = mismatch(match, request);
  if (found !== undefined) return found;
  for (const { name } of match.headers) {
    const unsafe = whyNoVoucher(name);
    if (unsafe !== undefined) return unsafe;
    for (const other of request.headers.keys()) {
      if (other !== name && isSpelling(name, other)) return `header ${other} may pass for ${name}`;
    }
  }
  return undefined;
}

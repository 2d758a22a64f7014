import type { Regex } from '@heddle/smi';
import type { ResourceOrigin } from './origin.ts';

/** One kind of HTTP request: all that is present must hold. */
export interface HttpRouteMatch {
  /** Name of the entry in its route group. */
  readonly name: string;
  /** Must match the whole normalised path, without the query (T6). Absent: any path. */
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

/** Headers that steer a sidecar: removed from what applications send, and matched by nothing (H5). Lower case. */
export function isSteeringHeader(name: string): boolean {
  return name.startsWith('x-envoy-') || name.startsWith('x-heddle-') || name === 'x-forwarded-client-cert';
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

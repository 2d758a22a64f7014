import { isSteeringHeader, type RequestFacts } from '../model/http-route-match.ts';
import { normalizePath } from './normalize-path.ts';
import type { Call } from './verdict.ts';

/** What of a call is matched, or why it is refused with 400 before anything is. */
export function requestFacts(call: Call): RequestFacts | { readonly malformed: string } {
  const headers = new Map<string, string>();
  for (const [written, value] of call.headers) {
    const name = written.toLowerCase();
    if (name === 'host' && headers.has('host')) return { malformed: 'it has more than one Host header' };
    if (isSteeringHeader(name)) continue;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value.trim() : `${before},${value.trim()}`);
  }
  const host = headers.get('host') ?? `${call.to.service}.${call.to.namespace}`;
  if (!/^[\w.~%!$&'()*+;=:@[\]-]*$/.test(host)) return { malformed: 'its Host header names no host' };
  headers.set('host', authority(host));
  // The caller's sidecar adds it where it is absent.
  if (!headers.has('x-forwarded-proto')) headers.set('x-forwarded-proto', 'http');
  const method = call.protocol === 'grpc' ? 'POST' : call.method;
  if (method === 'CONNECT') return { malformed: 'CONNECT is not passed on' };
  if (method === 'OPTIONS' && call.path === '*') return { method, path: undefined, headers };
  const normalized = normalizePath(call.path);
  if ('malformed' in normalized) return normalized;
  return { method, path: normalized.path, headers };
}

/** The same request as the next sidecar sees it, which normalises the path once more. */
export function passedOn(request: RequestFacts): RequestFacts {
  const normalized = request.path === undefined ? undefined : normalizePath(request.path);
  if (normalized === undefined || 'malformed' in normalized || normalized.path === request.path) return request;
  return { ...request, path: normalized.path };
}

/** The authority as it is matched: lower case, without port and trailing dot (T7). */
function authority(host: string): string {
  return /^(.*?)[.]?(:[0-9]*)?$/.exec(host.trim().toLowerCase())?.[1] ?? host;
}

import { wireText } from '@heddle/smi';
import { isSteeringHeader, type RequestFacts } from '../model/http-route-match.ts';
import { normalizePath } from './normalize-path.ts';
import { headersPassedOn, type Unfit, upgradeOf } from './request-headers.ts';
import type { Call } from './verdict.ts';

/**
 * What of a call is matched, or why the caller's sidecar answers it by itself. Requests of HTTP/1.1 may name their target
 * in the absolute form, whose host counts in place of the Host header.
 */
export function requestFacts(call: Call): RequestFacts | Unfit {
  const method = call.protocol === 'grpc' ? 'POST' : call.method;
  if (method === 'CONNECT') return malformed('CONNECT is not passed on');
  const headers = headersPassedOn(call);
  if ('unfit' in headers) return headers;
  const target = call.protocol === 'grpc' ? readTargetHttp2(wireText(call.path)) : readTarget(call.path);
  if (target === undefined) return noTarget(call);
  const host = target.host ?? headers.get('host');
  if (host === undefined) return malformed('it has no Host header');
  const unfitHost = unfitAuthority(call, host);
  if (unfitHost !== undefined) return unfitHost;
  headers.set('host', authority(host));
  if (method === 'OPTIONS' && target.path === '*') return { method, path: undefined, headers };
  const normalized = normalizePath(target.path);
  if ('malformed' in normalized) return malformed(normalized.malformed);
  if (headers.get('x-forwarded-proto') === '') return malformed('its X-Forwarded-Proto header is empty');
  const upgrade = upgradeOf(headers);
  if (upgrade !== undefined && upgrade !== 'websocket') {
    return { status: 403, unfit: `an upgrade to ${upgrade || 'nothing'} is not passed on, only one to websocket` };
  }
  if (host.includes(',')) return malformed('it has more than one Host header');
  for (const name of headers.keys()) if (isSteeringHeader(name)) headers.delete(name);
  // The caller's sidecar adds it where it is absent.
  if (!headers.has('x-forwarded-proto')) headers.set('x-forwarded-proto', 'http');
  return { method, path: normalized.path, headers };
}

/** The same request as the next sidecar sees it, which normalises the path once more. */
export function passedOn(request: RequestFacts): RequestFacts {
  const normalized = request.path === undefined ? undefined : normalizePath(request.path);
  if (normalized === undefined || 'malformed' in normalized || normalized.path === request.path) return request;
  return { ...request, path: normalized.path };
}

interface Target {
  readonly path: string;
  /** Of the absolute form. */
  readonly host?: string;
}

const absolute = /^https?:\/\/(?:[\w.~!*'()%;:&=+$,-]*@)?([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(\/.*)?$/i;

/** The parts of a request's target; `undefined` where it is neither a path nor the absolute form of one. */
function readTarget(target: string): Target | undefined {
  if (target.startsWith('/') || target === '*') return { path: target };
  const [, host = '', port = '', rest = '/'] = absolute.exec(target) ?? [];
  if (host === '' || Number(port.slice(1)) > 65_535) return undefined;
  return { path: rest, host: host + port };
}

/** HTTP/2 takes paths only, and those with any byte above ASCII, which it escapes. */
function readTargetHttp2(target: string): Target | undefined {
  if (!/^\/[^\0- \x7f]*$/.test(target)) return undefined;
  return { path: target.replace(/[\x80-\xff]/g, byte => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`) };
}

function noTarget({ protocol, path }: Call): Unfit {
  if (protocol === 'grpc') return { status: null, unfit: `${JSON.stringify(path)} is no path that HTTP/2 knows` };
  return malformed('its target is no URL that HTTP knows');
}

function unfitAuthority({ protocol }: Call, host: string): Unfit | undefined {
  const isHost = /^[\w.~%!$&'()*+,;=:@[\]-]*$/.test(host);
  if (protocol === 'grpc' && (host === '' || host.includes(',') || !isHost)) {
    return { status: null, unfit: 'its authority is not exactly one host' };
  }
  return isHost ? undefined : malformed('its Host header names no host');
}

/** The authority as it is matched: lower case, without port and trailing dot (T7). */
function authority(host: string): string {
  return /^(.*?)[.]?(:[0-9]*)?$/.exec(host.trim().toLowerCase())?.[1] ?? host;
}

function malformed(unfit: string): Unfit {
  return { status: 400, unfit };
}

import type { HttpRequest } from './request.ts';

/** What keeps a codec from understanding a request; it answers 400. */
export const protocolError = Symbol('protocol error');

/** Headers that Envoy has one place for each. */
const single =
  /^(?:host|x-forwarded-(?:proto|for|host|port)|x-request-id|user-agent|referer|via|expect|te|connection|upgrade|keep-alive|proxy-connection|transfer-encoding|content-(?:type|encoding)|accept|accept-encoding|authorization|cache-control|pragma|origin|if-(?:none-)?match|if-(?:un)?modified-since|if-range|access-control-request-(?:method|headers)|grpc-timeout|grpc-accept-encoding|x-client-trace-id)$/;

/** Puts the values of headers that have one place together there; what is empty adds nothing, not even a comma. */
export function joinHeaders(headers: HttpRequest['headers']): HttpRequest['headers'] {
  const kept: [name: string, value: string][] = [];
  for (const [name, value] of headers) {
    const before = single.test(name) ? kept.find(([other]) => other === name) : undefined;
    if (before === undefined) kept.push([name, value]);
    else before[1] = [before[1], value].filter(part => part !== '').join(',');
  }
  return kept;
}

/** What the first bytes of a connection look like; `undefined`: nothing of HTTP, for a target that no URL could be. */
export function inspectHttp({ http2, method, path }: HttpRequest): 'h2c' | 'http/1.1' | undefined {
  if (http2) return 'h2c';
  if (path.startsWith('/') || path === '*') return isUrl(path) ? 'http/1.1' : undefined;
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(path)?.[0];
  if (scheme === undefined && method !== 'CONNECT') return undefined;
  const server = path.slice(scheme?.length ?? 0).split(/[/?]/)[0] ?? '';
  const isServer = /^[A-Za-z0-9!$%&'()*+,\-.:;=@[\]_~]*$/.test(server) && !server.includes('@@');
  return path !== '' && isServer && isUrl(path) ? 'http/1.1' : undefined;
}

function isUrl(text: string): boolean {
  return /^[\t\f!-~]*$/.test(text);
}

/** Reads the start line and the headers of a request of HTTP/1.1 as Envoy 1.40 does; a CONNECT has no path then. */
export function decodeHttp1(request: HttpRequest): HttpRequest | typeof protocolError {
  const { method, path, authority, headers } = request;
  const nominated = nominatedHeaders(request);
  const target = readTarget(method, path);
  if (nominated === protocolError || target === protocolError) return protocolError;
  if (nominated.includes('host') && target.authority === undefined) return protocolError;
  const kept = headers.filter(([name]) => !nominated.includes(name) || name === 'te' || name === 'connection');
  return { ...request, path: target.path, authority: target.authority ?? authority, headers: kept };
}

/** Reads a request of HTTP/2, where one header is the authority and one the path. */
export function decodeHttp2(request: HttpRequest): HttpRequest | typeof protocolError {
  const { path, authority } = request;
  if (!path.startsWith('/')) return protocolError;
  // The walk joins repeated ones like HTTP/1.1 does.
  if (authority === '' || authority.includes(',')) return protocolError;
  let escaped = '';
  for (let at = 0; at < path.length; at++) {
    const byte = path.charCodeAt(at);
    if (byte <= 32 || byte === 127) return protocolError;
    escaped += byte < 128 ? path.charAt(at) : `%${byte.toString(16).toUpperCase()}`;
  }
  return { ...request, path: escaped };
}

const neverNominated = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

/** Headers that Connection names, which end here. */
function nominatedHeaders(request: HttpRequest): readonly string[] | typeof protocolError {
  const tokens = connectionTokens(request);
  if (tokens.length >= 10) return protocolError;
  if (tokens.some(token => token.startsWith(':') || neverNominated.includes(token))) return protocolError;
  return tokens.filter(token => !['close', 'keep-alive', 'upgrade', 'http2-settings'].includes(token));
}

function connectionTokens({ headers }: HttpRequest): string[] {
  const values = headers.filter(([name]) => name === 'connection').flatMap(([, value]) => value.split(','));
  return values.map(token => token.trim().toLowerCase()).filter(token => token.length > 0);
}

interface Target {
  readonly path: string;
  /** Of the absolute form, which replaces the Host header whatever that says. */
  readonly authority?: string;
}

function readTarget(method: string, target: string): Target | typeof protocolError {
  if (method === 'CONNECT') return /^[^/:]+:[0-9]+$/.test(target) ? { path: '' } : protocolError;
  if (target.startsWith('/')) return { path: target };
  if (target === '*') return method === 'OPTIONS' ? { path: target } : protocolError;
  const scheme = /^https?:\/\//i.exec(target)?.[0];
  if (scheme === undefined) return protocolError;
  const rest = target.slice(scheme.length);
  const end = rest.search(/[/?#]/);
  const authority = hostAndPort((end < 0 ? rest : rest.slice(0, end)).split('@'));
  return authority === undefined ? protocolError : { path: end < 0 ? '/' : rest.slice(end), authority };
}

/** The part after the user, if there is one; `undefined` where it is no host with a port. */
function hostAndPort(parts: readonly string[]): string | undefined {
  const server = parts.at(-1) ?? '';
  const user = parts.length > 1 ? (parts[0] ?? '') : '';
  if (parts.length > 2 || /[^A-Za-z0-9\-_.!~*'()%;:&=+$,]/.test(user)) return undefined;
  const colon = server.indexOf(':', server.startsWith('[') ? server.indexOf(']') : 0);
  const host = colon < 0 ? server : server.slice(0, colon);
  const port = colon < 0 ? '80' : server.slice(colon + 1);
  const isHost = /^[A-Za-z0-9.-]+$|^\[[0-9A-Fa-f:.]+\]$/.test(host);
  return isHost && /^[0-9]+$/.test(port) && Number(port) <= 65_535 ? server : undefined;
}

/** What a request asks to turn its connection into. */
export function upgradeOf(request: HttpRequest): string | undefined {
  const upgrades = request.headers.filter(([name]) => name === 'upgrade').map(([, value]) => value);
  return upgrades.length > 0 && connectionTokens(request).includes('upgrade')
    ? upgrades.join(',').toLowerCase()
    : undefined;
}

/** Removes what concerns one connection only. An upgrade keeps what says so, one to `h2c` is forgotten by the codec. */
export function dropHopByHop(request: HttpRequest): HttpRequest {
  if (request.http2) {
    const headers = request.headers.filter(([name, value]) => name !== 'referer' || isReferer(value));
    return { ...request, headers };
  }
  const upgrade = upgradeOf(request);
  const ending = ['keep-alive', 'proxy-connection', 'transfer-encoding'];
  if (upgrade === undefined || upgrade === 'h2c') ending.push('connection', 'upgrade');
  const headers = request.headers.flatMap((header): (typeof header)[] => {
    const [name, value] = header;
    if (ending.includes(name)) return [];
    if (name === 'te' && value !== '')
      return value.split(',').some(item => item.trim() === 'trailers') ? [['te', 'trailers']] : [];
    if (name === 'referer' && ending.includes('upgrade') && !isReferer(value)) return [];
    return [header];
  });
  return { ...request, headers };
}

/** A URL without user and fragment, or a reference to one beside: characters of URLs, and no scheme. */
function isReferer(value: string): boolean {
  const server = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)/i.exec(value)?.[1];
  if (server !== undefined) return !server.includes('@') && !value.includes('#');
  const colon = value.indexOf(':');
  const slash = value.indexOf('/');
  return (colon < 0 || (slash >= 0 && slash < colon)) && !/[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]/.test(value);
}

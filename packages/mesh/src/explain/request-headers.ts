import type { Call } from './verdict.ts';

/** A request that a sidecar answers itself before any rule is asked, and what it doesn't take about it. */
export interface Unfit {
  /** Null where HTTP/2 ends the stream without an answer. */
  readonly status: 400 | 403 | null;
  /** Completes the sentence "The request is refused: …". */
  readonly unfit: string;
}

/**
 * The headers that the caller's sidecar passes on, by lower-case name, repeated ones joined by `,` (T7). What concerns one
 * connection only stays there: headers that Connection names (RFC 9110, 7.6.1), and Connection itself but for upgrades.
 * A Referer that tells a fragment or a user is dropped, too. After Envoy 1.40.
 */
export function headersPassedOn(call: Call): Map<string, string> | Unfit {
  const headers = new Map<string, string>();
  for (const [written, value] of call.headers) {
    const name = written.toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value.trim() : joined(name, before, value.trim()));
  }
  if (!headers.has('host')) headers.set('host', `${call.to.service}.${call.to.namespace}`);
  return call.protocol === 'http' ? overOneConnection(headers) : headers;
}

/** Of some headers Envoy forgets the empty ones among repeated ones. */
const withoutEmpty = new Set(['host', 'x-forwarded-proto']);

function joined(name: string, before: string, value: string): string {
  const isForgotten = withoutEmpty.has(name) && (before === '' || value === '');
  return isForgotten ? before + value : `${before},${value}`;
}

/** Tokens of Connection that name no header. */
const options = new Set(['close', 'keep-alive', 'upgrade', 'http2-settings']);

/** An attacker may want to hide where he comes from by naming these: Envoy refuses such requests. */
const protectedHeaders = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

const tellsTooMuch = /#|^[a-z][a-z0-9+.-]*:\/\/[^/?]*@/i;

/** So many tokens are too many. */
const tooManyTokens = 10;

function overOneConnection(headers: Map<string, string>): Map<string, string> | Unfit {
  const tokens = tokensOf(headers.get('connection'));
  if (tokens.length >= tooManyTokens) return { status: 400, unfit: 'its Connection header names too many others' };
  for (const name of tokens) {
    if (options.has(name) || name === 'connection') continue;
    if (protectedHeaders.has(name) || name.startsWith(':')) {
      return { status: 400, unfit: `its Connection header names ${name}` };
    }
    if (name !== 'te') headers.delete(name);
  }
  const trailers =
    headers
      .get('te')
      ?.split(/\s*,\s*/)
      .includes('trailers') ?? false;
  if (trailers) headers.set('te', 'trailers');
  else headers.delete('te');
  if (upgradeOf(headers) === 'h2c') headers.delete('upgrade');
  if (upgradeOf(headers) === undefined) {
    headers.delete('connection');
    headers.delete('upgrade');
    if (tellsTooMuch.test(headers.get('referer') ?? '')) headers.delete('referer');
  }
  for (const name of ['keep-alive', 'proxy-connection', 'transfer-encoding']) headers.delete(name);
  return headers;
}

/** What a request of HTTP/1.1 asks to turn its connection into, in lower case; `undefined`: it stays HTTP. */
export function upgradeOf(headers: ReadonlyMap<string, string>): string | undefined {
  return tokensOf(headers.get('connection')).includes('upgrade') ? headers.get('upgrade')?.toLowerCase() : undefined;
}

function tokensOf(value: string | undefined): string[] {
  return (value ?? '')
    .toLowerCase()
    .split(',')
    .map(token => token.trim())
    .filter(token => token !== '');
}

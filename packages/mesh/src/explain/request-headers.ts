import { wireText } from '@heddle/smi';
import { type Call, hostOf } from './verdict.ts';

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
 * A Referer that tells a fragment or a user, or is no URL, is dropped, too. After Envoy 1.40.
 */
export function headersPassedOn(call: Call): Map<string, string> | Unfit {
  const headers = new Map<string, string>();
  for (const [written, text] of call.headers) {
    const name = written.toLowerCase();
    const value = wireText(text.trim());
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : joined(name, before, value));
  }
  if (!headers.has('host')) headers.set('host', hostOf(call.to));
  const passed = call.protocol === 'http' ? overOneConnection(headers) : withGrpc(headers);
  if ('unfit' in passed || upgradeOf(passed) !== undefined) return passed;
  if (!isReferer(passed.get('referer') ?? '')) passed.delete('referer');
  return passed;
}

/** What every gRPC call says of itself. */
function withGrpc(headers: Map<string, string>): Map<string, string> {
  if (!headers.has('content-type')) headers.set('content-type', 'application/grpc');
  return headers.set('te', 'trailers');
}

/** Headers of which Envoy keeps one value, and adds only what is not empty to it. */
const keptAsOne = new Set(
  [
    'host x-forwarded-proto x-forwarded-for x-forwarded-host x-forwarded-port x-request-id user-agent referer via expect te',
    'connection upgrade keep-alive proxy-connection transfer-encoding content-type content-encoding accept accept-encoding',
    'authorization cache-control pragma origin if-match if-none-match if-modified-since if-unmodified-since if-range',
    'access-control-request-method access-control-request-headers grpc-timeout grpc-accept-encoding x-client-trace-id',
  ].flatMap(names => names.split(' ')),
);

function joined(name: string, before: string, value: string): string {
  const isForgotten = keptAsOne.has(name) && (before === '' || value === '');
  return isForgotten ? before + value : `${before},${value}`;
}

/** Tokens of Connection that name no header. */
const options = new Set(['close', 'keep-alive', 'upgrade', 'http2-settings']);

/** An attacker may want to hide where he comes from by naming these: Envoy refuses such requests. */
const protectedHeaders = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto']);

/** Not quite any URL: what Envoy takes for one. */
const absoluteUrl = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i;
const tellsTooMuch = /#|^[^/]*\/\/[^/?]*@/;
const relativeUrl = /^[\w.~!$&'()*+,;=@?%-]*(?:\/[\w.~!$&'()*+,;=@?%:/-]*)?$/;

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
  const te = headers.get('te') ?? '';
  if (te.split(/\s*,\s*/).includes('trailers')) headers.set('te', 'trailers');
  else if (te !== '') headers.delete('te');
  if (upgradeOf(headers) === 'h2c') headers.delete('upgrade');
  if (upgradeOf(headers) === undefined) {
    headers.delete('connection');
    headers.delete('upgrade');
  }
  for (const name of ['keep-alive', 'proxy-connection', 'transfer-encoding']) headers.delete(name);
  return headers;
}

function isReferer(value: string): boolean {
  return absoluteUrl.test(value) ? !tellsTooMuch.test(value) : relativeUrl.test(value);
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

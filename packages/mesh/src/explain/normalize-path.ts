/** A path as it is matched and forwarded, or why the request is refused with 400 (H5). */
export type NormalizedPath = { readonly path: string; readonly query: string } | { readonly malformed: string };

/**
 * Normalises a request path as one sidecar does (H5), after Envoy 1.40: fragments, escaped slashes, `%00`, spaces,
 * control characters and raw bytes above `~` are refused; dot segments lose their parameters (`..;x`); `\` counts as
 * `/`; unreserved escapes are decoded, other ones left as written, and characters that no path holds are escaped; dot
 * segments are resolved (RFC 3986), then slashes merged. The query is kept apart, as it was.
 *
 * It is not idempotent: `%2e%2e;` becomes `..;`, a dot segment to the next sidecar. A path without any letter between
 * its slashes becomes `//`, not `/`.
 */
export function normalizePath(target: string): NormalizedPath {
  if (target.includes('#')) return { malformed: 'the path has a fragment' };
  if (/[^!-~]/.test(target)) return { malformed: 'the path has a character that no URL holds' };
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);
  if (!raw.startsWith('/')) return { malformed: 'the path does not start with a slash' };
  if (/%2f|%5c/i.test(raw)) return { malformed: 'the path has an escaped slash' };
  const plain = raw.replace(/(?<=\/\.\.?);[^/]*/g, '').replaceAll('\\', '/');
  if (plain.includes('%00')) return { malformed: 'the path has an escaped NUL' };
  return { path: mergeSlashes(resolveDots(escape(decode(plain)))), query };
}

const unreserved = /[A-Za-z0-9\-._~]/;
/** Stands for a `%` that begins no escape; no path holds it. */
const bare = '\n';

/** Decodes once: a `%` that would begin an escape only because of what was decoded after it is written `%25`. */
function decode(path: string): string {
  return path
    .replace(/%([0-9a-f]{2})?/gi, (written: string, hex: string | undefined) => {
      if (hex === undefined) return bare;
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return unreserved.test(character) ? character : written;
    })
    .replace(/\n(?=[0-9a-f]{2})/gi, '%25')
    .replaceAll(bare, '%');
}

function escape(path: string): string {
  return path.replace(/["<>^`{|}]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function resolveDots(path: string): string {
  const segments = path.split('/').slice(1);
  const resolved: string[] = [];
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') resolved.pop();
    if (segment !== '..' && segment !== '.') resolved.push(segment);
    else if (last) resolved.push('');
  }
  return `/${resolved.join('/')}`;
}

function mergeSlashes(path: string): string {
  if (!path.includes('//')) return path;
  const segments = path.split('/').filter(segment => segment !== '');
  return `/${segments.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

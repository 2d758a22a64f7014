/** A path as it is matched and forwarded, or why the request is refused with 400 (H5). */
export type NormalizedPath = { readonly path: string; readonly query: string } | { readonly malformed: string };

const unreserved = /[A-Za-z0-9\-._~]/;

/**
 * Normalises a request path as the sidecars do (H5): escaped slashes, `%00` and fragments are refused; `\` counts as
 * `/`; unreserved escapes are decoded and others left as written; dot segments are resolved (RFC 3986), then slashes
 * are merged. The query is kept apart, as it was.
 */
export function normalizePath(target: string): NormalizedPath {
  if (target.includes('#')) return { malformed: 'the path has a fragment' };
  const mark = target.indexOf('?');
  const raw = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);
  if (!raw.startsWith('/')) return { malformed: 'the path does not start with a slash' };
  if (/%2f|%5c/i.test(raw)) return { malformed: 'the path has an escaped slash' };
  if (raw.includes('%00')) return { malformed: 'the path has an escaped NUL' };
  const decoded = raw.replaceAll('\\', '/').replace(/%([0-9a-fA-F]{2})/g, (escape: string, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return unreserved.test(character) ? character : escape;
  });
  return { path: resolveDots(decoded).replace(/\/{2,}/g, '/'), query };
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

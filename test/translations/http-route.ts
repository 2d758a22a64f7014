import { compileRegex } from '@heddle/smi';
import type { Request } from './objects.ts';

/** A match of an HTTPRoute. */
export interface AskedRequest {
  readonly path?: { readonly type: string; readonly value: string };
  readonly method?: string;
  readonly headers?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
}

/** What of a request a match asked for, by which matches are ranked. */
export interface Summary {
  readonly kind: 'Exact' | 'PathPrefix' | 'RegularExpression';
  /** Of what the path matched; that of the whole path but for a prefix. */
  readonly length: number;
  readonly method: number;
  readonly headers: number;
}

/** `undefined` where a request does not fit. */
export function summaryOf({ path, method, headers = [] }: AskedRequest, request: Request): Summary | undefined {
  const { type = 'PathPrefix', value = '/' } = path ?? {};
  if (method !== undefined && method !== request.method) return undefined;
  const hasHeaders = headers.every(header => {
    const given = request.headers.get(header.name);
    if (given === undefined) return false;
    return header.type === undefined ? given === header.value : whole(header.value, given);
  });
  if (!hasHeaders || !fitsPath(type, value, request.path)) return undefined;
  return {
    kind: type as Summary['kind'],
    length: type === 'PathPrefix' ? value.length : request.path.length,
    method: method === undefined ? 0 : 1,
    headers: headers.length,
  };
}

function fitsPath(type: string, value: string, path: string): boolean {
  if (type === 'Exact') return path === value;
  if (type === 'RegularExpression') return whole(value, path);
  return value === '/' || path === value || path.startsWith(`${value}/`);
}

/** As RE2; patterns come with anchors, so that an implementation may search or match whole texts. */
export function whole(pattern: string, text: string): boolean {
  const regex = compileRegex(pattern);
  if ('error' in regex) throw new Error(`${pattern}: ${regex.error}`);
  return regex.matches(text);
}

/** The better first, as Linkerd's proxy has it: by length, method, headers. */
export function compareByLength(a: Summary, b: Summary): number {
  return b.length - a.length || b.method - a.method || b.headers - a.headers;
}

/** The better first, as the API's documentation has it, with expressions between exact paths and prefixes. */
export function compareByKind(a: Summary, b: Summary): number {
  const rank = { Exact: 2, RegularExpression: 1, PathPrefix: 0 };
  return rank[b.kind] - rank[a.kind] || compareByLength(a, b);
}

import { message, text } from './config.ts';
import { matchesString } from './string-match.ts';

/** An HTTP request on its way through sidecars. */
export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly authority: string;
  readonly http2: boolean;
  /** Names in lower case, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** All values of a header, pseudo headers included, joined by `,`; `undefined` when it is absent. */
export function headerOf(request: HttpRequest, name: string): string | undefined {
  if (name === ':path') return request.path;
  if (name === ':method') return request.method;
  if (name === ':authority') return request.authority;
  const values = request.headers.filter(([key]) => key === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(',');
}

/** Puts one value in the place of all that a header has. */
export function withHeader(request: HttpRequest, name: string, value: string): HttpRequest {
  return { ...request, headers: [...request.headers.filter(([key]) => key !== name), [name, value]] };
}

/** The path without its query. */
export function pathOnly(request: HttpRequest): string {
  return request.path.split('?')[0] ?? '';
}

/** Applies a list of header mutations in order. */
export function mutate(request: HttpRequest, mutations: readonly unknown[]): HttpRequest {
  return mutations.reduce<HttpRequest>(mutateOnce, request);
}

function mutateOnce(request: HttpRequest, mutation: unknown): HttpRequest {
  const { remove, removeOnMatch, append } = message(mutation, 'HeaderMutation', ['remove', 'removeOnMatch', 'append']);
  if (remove !== undefined) {
    const name = text(remove, 'remove').toLowerCase();
    return { ...request, headers: request.headers.filter(([key]) => key !== name) };
  }
  if (removeOnMatch !== undefined) {
    const { keyMatcher } = message(removeOnMatch, 'RemoveOnMatch', ['keyMatcher']);
    return { ...request, headers: request.headers.filter(([key]) => !matchesString(keyMatcher, key)) };
  }
  const { header, appendAction } = message(append, 'HeaderValueOption', ['header', 'appendAction']);
  if (appendAction !== 'OVERWRITE_IF_EXISTS_OR_ADD') throw new Error(`append action ${String(appendAction)}`);
  const { key, value } = message(header, 'HeaderValue', ['key', 'value']);
  const formatted = format(text(value, 'value'), request);
  // An empty value is not added.
  return formatted === '' ? request : withHeader(request, text(key, 'key'), formatted);
}

const normalizedHost = String.raw`%CEL(re.extract(request.host.lowerAscii(), '^(.*?)[.]?(:[0-9]*)?$', '\\1'))%`;

/** The text that a format of Envoy's comes to. */
export function format(template: string, request: HttpRequest): string {
  if (template === '%PATH(NQ)%') return pathOnly(request);
  if (template === normalizedHost) {
    return request.authority
      .toLowerCase()
      .replace(/:[0-9]*$/, '')
      .replace(/[.]$/, '');
  }
  throw new Error(`the walk does not know the format ${template}`);
}

import { type Call, hostOf } from '@heddle/mesh';
import { joinHeaders } from './codec.ts';
import type { Payload } from './ending.ts';

/** What a client sends for a call. */
export function payloadOf({ protocol, method, path, headers, to }: Call): Payload {
  if (protocol === 'tcp') return undefined;
  const grpc = protocol === 'grpc';
  const lower = headers.map(([name, value]) => [name.toLowerCase(), bytesOf(value.trim())] as const);
  const own = lower.some(([name]) => name === 'content-type') ? [] : ([['content-type', 'application/grpc']] as const);
  const all = joinHeaders(grpc ? [...lower.filter(([name]) => name !== 'te'), ...own, ['te', 'trailers']] : lower);
  return {
    method: grpc ? 'POST' : method,
    path: grpc ? bytesOf(path) : path,
    authority: all.find(([name]) => name === 'host')?.[1] ?? `${hostOf(to)}:${to.port}`,
    http2: grpc,
    headers: all.filter(([name]) => name !== 'host'),
  };
}

/** Regular expressions of Envoy see bytes, each a character. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

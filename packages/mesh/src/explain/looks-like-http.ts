import type { Call } from './verdict.ts';

/**
 * Whether a connection on which this comes first is taken for HTTP where that is found out: a start line that isn't one
 * makes it bytes. After Envoy 1.40, which looks at the characters of a target and not at its sense.
 */
export function looksLikeHttp({ protocol, method, path }: Call): boolean {
  if (protocol !== 'http') return protocol === 'grpc';
  const target = method === 'CONNECT' ? path.replace(/^(?![/*])/, 'connect://') : path;
  return startTarget.test(target);
}

const startTarget = /^(?:[/*]|[a-z][a-z0-9+.-]*:\/\/(?![^/?]*@@)[\w!$%&'()*+,.:;=@[\]~-]*(?=[/?]|$))[\t\f!-~]*$/i;

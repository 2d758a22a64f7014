import type { Call } from '@heddle/mesh';
import * as fc from 'fast-check';
import { hostPatterns } from '../worlds/patterns.ts';

/** The absolute form of a target, whose host counts in place of the Host header. */
function absoluteTarget(): fc.Arbitrary<(call: Call) => Call> {
  const host = fc.constantFrom(...hostPatterns).chain(({ near }) => fc.constantFrom(...near));
  const start = fc.constantFrom(
    'http://',
    'http://',
    'HTTP://',
    'https://',
    'http://me@',
    'ftp://',
    'http:',
    '//',
    'x:',
  );
  return fc.tuple(start, host).map(([scheme, authority]) => call => ({
    ...call,
    path: `${scheme}${authority}${call.path}`,
  }));
}

const added: readonly (readonly [name: string, value: string])[][] = [
  [['Connection', 'x-team']],
  [['Connection', 'close, X-Tier']],
  [['Connection', 'host']],
  [['Connection', 'keep-alive']],
  [['Connection', 'x-forwarded-proto']],
  [['TE', 'trailers']],
  [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ],
  [
    ['Connection', 'Upgrade, HTTP2-Settings'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAMAAABkAAQCAAAAAAIAAAAA'],
  ],
  [
    ['Connection', 'upgrade'],
    ['Upgrade', 'books'],
  ],
  [['Upgrade', 'websocket']],
  [['X-HTTP-Method-Override', 'DELETE']],
  [['X-Method-Override', 'GET']],
  [['X_Team', 'red']],
  [['x_tier', 'red']],
  [['X-Forwarded-Host', 'books']],
  [['X-Forwarded-Proto', 'https']],
  [['X-Forwarded-For', '10.0.0.1']],
  [['x-envoy-original-path', '/books']],
  [['x-envoy-upstream-rq-timeout-ms', '1']],
  [['x-forwarded-client-cert', 'URI=spiffe://cluster.local/ns/shop/sa/web']],
  [['Content-Length', '0']],
  [['Expect', '100-continue']],
  [['Proxy-Connection', 'close']],
  [['x-team', 'red\tblue']],
  [['x-team', ',']],
];

function headers(): fc.Arbitrary<(call: Call) => Call> {
  return fc.constantFrom(...added).map(list => call => ({ ...call, headers: [...call.headers, ...list] }));
}

function withOddCase(call: Call): Call {
  return { ...call, headers: call.headers.map(([name, value]) => [oddCase(name), value] as const) };
}

function oddCase(name: string): string {
  return name.replace(/[a-z]/gi, (letter, index: number) =>
    index % 2 === 0 ? letter.toLowerCase() : letter.toUpperCase(),
  );
}

/** What else may happen to a request on the wire, and is nothing to configuration alone: other targets, headers of the connection. */
export const twists: fc.Arbitrary<(call: Call) => Call> = fc.oneof(
  { weight: 12, arbitrary: fc.constant((call: Call) => call) },
  { weight: 2, arbitrary: absoluteTarget() },
  { weight: 3, arbitrary: headers() },
  { weight: 1, arbitrary: fc.constant(withOddCase) },
);

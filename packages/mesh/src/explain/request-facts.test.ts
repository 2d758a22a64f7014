// What Envoy 1.40 made of requests of HTTP/1.1, recorded: status, or path, Host and headers of what it passed on.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requestFacts } from './request-facts.ts';
import type { Call } from './verdict.ts';

const call = (fields: Partial<Call>): Call => ({
  from: { namespace: 'shop', serviceAccount: 'web' },
  to: { namespace: 'stock', service: 'books', port: 80 },
  protocol: 'http',
  method: 'GET',
  path: '/',
  headers: [],
  ...fields,
});

function read(fields: Partial<Call>): unknown {
  const facts = requestFacts(call(fields));
  if ('unfit' in facts) return facts.status;
  const { host, 'x-forwarded-proto': _, ...others } = Object.fromEntries(facts.headers);
  return { path: facts.path, host, ...others };
}

describe('targets', () => {
  const table: Readonly<Record<string, unknown>> = {
    'http://Other:81/a/../b?x': { path: '/b', host: 'other' },
    'https://other/a': { path: '/a', host: 'other' },
    'http://other': { path: '/', host: 'other' },
    'HTTP://u:p@h./q': { path: '/q', host: 'h' },
    'http://@h/x': { path: '/x', host: 'h' },
    'http://[::1]:80/x': { path: '/x', host: '[::1]' },
    'http://h//q/%2e%2e/z': { path: '/z', host: 'h' },
    'http://h/?a=http://x': { path: '/', host: 'h' },
    '//h/x': { path: '/h/x', host: 'books.stock' },
    'http://other?q': 400,
    'http://h#f': 400,
    'http://h/x#f': 400,
    'http://h/a%2fb': 400,
    'http:///q': 400,
    'http:/x': 400,
    'h/x': 400,
    'ftp://h/q': 400,
    'http://h,i/x': 400,
    'http://h_x/x': 400,
    'http://h%41/x': 400,
    'http://a@b@h/x': 400,
    'http://h:/x': 400,
    'http://h:abc/x': 400,
    'http://h:99999/x': 400,
    'http://h:80:90/x': 400,
    'http://[::1/x': 400,
    'http://*/x': 400,
    '*': 400,
  };
  for (const [path, expected] of Object.entries(table)) test(path, () => assert.deepEqual(read({ path }), expected));

  test('of OPTIONS and CONNECT', () => {
    assert.deepEqual(read({ method: 'OPTIONS', path: '*' }), { path: undefined, host: 'books.stock' });
    assert.equal(read({ method: 'CONNECT', path: 'books.stock:80' }), 400);
  });
});

test('of HTTP/2', () => {
  const protocol = 'grpc';
  const own = { 'content-type': 'application/grpc', te: 'trailers' };
  assert.deepEqual(read({ protocol, path: '/a"b/é' }), { path: '/a%22b/%C3%A9', host: 'books.stock', ...own });
  for (const path of ['/a#b', '/a%2fb', '/%00']) assert.equal(read({ protocol, path }), 400, path);
  for (const path of ['*', 'x', '', 'http://h/x', '/a b', '/a\x7f']) assert.equal(read({ protocol, path }), null, path);
  for (const host of ['', 'a b', 'a,b', 'a/b']) assert.equal(read({ protocol, headers: [['Host', host]] }), null, host);
});

describe('headers', () => {
  const to = { path: '/', host: 'books.stock' };
  const table: readonly (readonly [sent: Readonly<Record<string, string>>, expected: unknown])[] = [
    [
      { Connection: 'x-a', 'X-A': '1', 'X-B': '2' },
      { ...to, 'x-b': '2' },
    ],
    [{ Connection: 'a, ,b,', a: '1' }, to],
    [
      { TE: '', Referer: 'a:b', 'X-A': 'é' },
      { ...to, te: '', 'x-a': 'Ã©' },
    ],
    [{ Connection: 'a,b,c,d,e,f,g,h,i' }, to],
    [{ Connection: 'a,b,c,d,e,f,g,h,i,j' }, 400],
    [{ Connection: 'host' }, 400],
    [{ Connection: ':path' }, 400],
    [{ Connection: 'X-Forwarded-Host' }, 400],
    [{ Connection: 'connection' }, to],
    [
      { 'Keep-Alive': '5', 'Proxy-Connection': 'x', 'Proxy-Authorization': 'y' },
      { ...to, 'proxy-authorization': 'y' },
    ],
    [{ TE: 'gzip' }, to],
    [
      { TE: 'gzip, trailers', Connection: 'te' },
      { ...to, te: 'trailers' },
    ],
    [{ Referer: 'http://a/#f' }, to],
    [{ Referer: 'http://u@a/' }, to],
    [{ Referer: 'http://a/?b@c' }, { ...to, referer: 'http://a/?b@c' }],
    [{ Upgrade: 'tunnel' }, to],
    [{ Connection: 'Upgrade', Upgrade: 'H2C' }, to],
    [
      { Connection: 'uPgrade', Upgrade: 'WebSocket' },
      { ...to, connection: 'uPgrade', upgrade: 'WebSocket' },
    ],
    [{ Connection: 'upgrade', Upgrade: 'h2c, websocket' }, 403],
    [{ Connection: 'upgrade', Upgrade: '' }, 403],
    [{ Host: '' }, { ...to, host: '' }],
    [{ Host: 'a,b' }, 400],
    [{ Host: 'Books.:80' }, { ...to, host: 'books' }],
    [
      { 'X-Envoy-Internal': '1', x_forwarded_client_cert: 'a', x_envoy_a: 'b' },
      { ...to, x_envoy_a: 'b' },
    ],
  ];
  for (const [sent, expected] of table) {
    test(JSON.stringify(sent), () => assert.deepEqual(read({ headers: Object.entries(sent) }), expected));
  }
});

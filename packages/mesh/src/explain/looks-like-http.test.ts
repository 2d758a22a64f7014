import assert from 'node:assert/strict';
import { test } from 'node:test';
import { looksLikeHttp } from './looks-like-http.ts';
import type { Call } from './verdict.ts';

function looks(path: string, more: Partial<Call> = {}): boolean {
  const from = { namespace: 'a', serviceAccount: 'b' };
  const to = { namespace: 'a', service: 'c', port: 80 };
  return looksLikeHttp({ from, to, protocol: 'http', method: 'GET', path, headers: [], ...more });
}

test('a start line is one by its characters, whatever they mean', () => {
  for (const path of ['/', '/a?b#c', '//%00', '*', '/a\tb', 'http://a/b', 'x-1://', 'ftp://a?b', 'http://@a@b/']) {
    assert.ok(looks(path), path);
  }
  for (const path of ['', 'books', '/a b', '/café', 'http:a/b', 'http:/a', '1x://a/', 'http://a@@b/', 'http://a|b/']) {
    assert.ok(!looks(path), path);
  }
});

test('CONNECT names a host', () => {
  assert.ok(looks('books:80', { method: 'CONNECT' }));
  assert.ok(!looks('books|:80', { method: 'CONNECT' }));
});

test('gRPC begins with the preface of HTTP/2, bytes with anything else', () => {
  assert.ok(looks('/a b', { protocol: 'grpc' }));
  assert.ok(!looks('/', { protocol: 'tcp' }));
});

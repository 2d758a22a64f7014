import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RetryOn } from './config.ts';
import { type Failure, failureOf, isRetried } from './failure.ts';

const failed = (code: string, rest: object = {}): Error =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('why'), { code, ...rest }) });

test('what fetch rejects with is told apart', () => {
  const table: readonly (readonly [unknown, Failure | undefined])[] = [
    [failed('ECONNREFUSED'), 'connect-failure'],
    [failed('ENOTFOUND', { syscall: 'getaddrinfo' }), 'connect-failure'],
    [failed('UND_ERR_CONNECT_TIMEOUT'), 'connect-failure'],
    [failed('ETIMEDOUT', { syscall: 'connect' }), 'connect-failure'],
    [failed('ETIMEDOUT', { syscall: 'read' }), 'reset'],
    [failed('ECONNRESET'), 'reset'],
    [failed('UND_ERR_SOCKET'), 'reset'],
    [failed('HPE_INVALID_CONSTANT'), 'reset'],
    [new TypeError('x', { cause: new Error('Stream closed with NGHTTP2_REFUSED_STREAM') }), 'refused-stream'],
    [failed('ERR_INVALID_URL'), undefined],
    [new TypeError('Invalid URL'), undefined],
    [new DOMException('gone', 'AbortError'), undefined],
    ['text', undefined],
  ];
  for (const [error, failure] of table) assert.equal(failureOf(error), failure, String(error));
});

test('conditions mean what they mean to Envoy', () => {
  const outcomes = [
    200,
    404,
    409,
    429,
    500,
    502,
    503,
    504,
    'connect-failure',
    'reset',
    'refused-stream',
    'timeout',
  ] as const;
  const failures = ['connect-failure', 'reset', 'refused-stream', 'timeout'];
  const table: readonly (readonly [RetryOn, readonly unknown[]])[] = [
    ['5xx', [500, 502, 503, 504, ...failures]],
    ['gateway-error', [502, 503, 504, ...failures]],
    ['reset', failures],
    ['connect-failure', ['connect-failure']],
    ['refused-stream', ['refused-stream']],
    ['retriable-4xx', [409]],
    [429, [429]],
    ['unavailable', []],
  ];
  for (const [condition, expected] of table)
    assert.deepEqual(
      outcomes.filter(outcome => isRetried(outcome, [condition])),
      expected,
      String(condition),
    );
  assert.equal(isRetried(503, []), false);
  assert.equal(isRetried(503, ['connect-failure', 503]), true);
});

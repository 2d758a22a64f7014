import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCallLine } from './call-line.ts';

test('of all that a sidecar writes only the lines of its access log are about calls', () => {
  assert.equal(isCallLine('{"event":"call","path":"/"}'), true);
  for (const other of ['{"event":"handshake failed"}', '[warning] a call', '{"event":"call"', '{}', ''])
    assert.equal(isCallLine(other), false, other);
});

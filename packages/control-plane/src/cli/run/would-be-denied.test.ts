import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countsIn } from './would-be-denied.ts';

test('requests and connections are read from what a sidecar counts', () => {
  const body = 'http.inbound.rbac.shadow_denied: 12\ncluster.x.shadow_denied: 7\ntcp.inbound.shadow_denied: 3\n';
  assert.deepEqual(countsIn(body), { requests: 12, connections: 3 });
  assert.deepEqual(countsIn(''), { requests: 0, connections: 0 });
});

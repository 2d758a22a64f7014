import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessLogSwitch, sentRequests, takenRequests } from './access-log.ts';

const layer = (mode: 'off' | 'denied' | 'all') =>
  Object.values((accessLogSwitch(mode).value as { layer: Record<string, number> }).layer);

test('one switch at most is turned on, and all sidecars have the same ones', () => {
  assert.deepEqual(
    [layer('off'), layer('denied'), layer('all')],
    [
      [0, 0],
      [0, 100],
      [100, 0],
    ],
  );
});

test('neither the query of a path nor any header but those of tracing is written', () => {
  for (const log of [sentRequests('stock/books:80'), takenRequests('stock/books')]) {
    const headers = JSON.stringify(log).match(/%REQ\([^)]*\)/g);
    assert.deepEqual(headers, ['%REQ(:METHOD)', '%REQ(:AUTHORITY)', '%REQ(X-REQUEST-ID)', '%REQ(TRACEPARENT)']);
    assert.match(JSON.stringify(log), /"%PATH\(NQ\)%"/);
  }
});

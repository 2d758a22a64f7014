import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type IncomingHeaders, Propagation } from './propagation.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const sent = (propagation: Propagation, incoming: IncomingHeaders, own: Record<string, string> = {}) =>
  propagation.run({ route: undefined, headers: propagation.pick(incoming) }, () => {
    const headers = new Headers(own);
    propagation.addTo(headers);
    return Object.fromEntries(headers);
  });

test('tracing and chosen headers are passed on, others are not', () => {
  const propagation = new Propagation(['X-Canary', 'cookie']);
  const tracing = { traceparent, tracestate: 'a=1,b=2', baggage: 'user=7', b3: '0', 'x-request-id': '5' };
  assert.deepEqual(sent(propagation, { ...tracing, 'x-canary': 'yes', authorization: 'secret', host: 'web' }), {
    ...tracing,
    'x-canary': 'yes',
  });
  assert.deepEqual(sent(propagation, { 'x-canary': ['a', 'b'], cookie: 'c=1; d=2' }), {
    'x-canary': 'a,b',
    cookie: 'c=1; d=2',
  });
});

test('a state without its parent is dropped', () => {
  assert.deepEqual(sent(new Propagation([]), { tracestate: 'a=1' }), {});
});

test('what a request says itself stays, and no trace is mixed with another', () => {
  const incoming = { traceparent, tracestate: 'a=1', 'x-b3-traceid': '1', 'x-b3-spanid': '2', baggage: 'k=v' };
  assert.deepEqual(sent(new Propagation([]), incoming, { traceparent: 'own', b3: '1' }), {
    traceparent: 'own',
    b3: '1',
    baggage: 'k=v',
  });
});

test('requests served at the same time do not see each other', async () => {
  const propagation = new Propagation([]);
  const serve = (id: string) =>
    propagation.run({ route: undefined, headers: propagation.pick({ 'x-request-id': id }) }, async () => {
      await setImmediate();
      return propagation.current?.headers.get('x-request-id');
    });
  assert.deepEqual(await Promise.all(['1', '2', '3'].map(serve)), ['1', '2', '3']);
  assert.equal(propagation.current, undefined);
});

test('headers that belong to one message are refused', () => {
  for (const name of ['Host', 'content-length', 'connection', 'a b', ''])
    assert.throws(() => new Propagation([name]), TypeError, name);
});

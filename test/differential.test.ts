// The differential test's own parts, without a mesh: what it expects, what it takes for a difference, how it makes one small.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Call } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import type { ExchangeCount } from '../packages/control-plane/src/traffic/order.ts';
import { differencesFrom } from './differential/compare.ts';
import { endingsOf } from './differential/endings.ts';
import { shrink, shrinkCall } from './differential/shrink.ts';
import { meshOf } from './worlds/mesh-of.ts';
import { fixedWorld, objectsOf } from './worlds/world.ts';

const metadata = (name: string) => ({ name, namespace: 'shop' });
const group: KubeObject = {
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'HTTPRouteGroup',
  metadata: metadata('all'),
  spec: { matches: [{ name: 'any' }, { name: 'posts', methods: ['POST'] }] },
};
const target: KubeObject = {
  apiVersion: 'access.smi-spec.io/v1alpha4',
  kind: 'TrafficTarget',
  metadata: metadata('web'),
  spec: {
    destination: { kind: 'ServiceAccount', name: 'web' },
    sources: [{ kind: 'ServiceAccount', name: 'books', namespace: 'stock' }],
    rules: [{ kind: 'HTTPRouteGroup', name: 'all' }],
  },
};
const split: KubeObject = {
  apiVersion: 'split.smi-spec.io/v1alpha4',
  kind: 'TrafficSplit',
  metadata: metadata('front'),
  spec: {
    service: 'front',
    backends: [
      { service: 'web', weight: 90 },
      { service: 'cart', weight: 10 },
    ],
  },
};
const policy = [group, target, split];
const { model } = meshOf([...objectsOf(fixedWorld), ...policy]);

const call: Call = {
  from: { namespace: 'stock', serviceAccount: 'books' },
  to: { namespace: 'shop', service: 'front', port: 80 },
  protocol: 'http',
  method: 'GET',
  path: '/x/../a?q',
  headers: [],
};
const endings = endingsOf(model, call);

const denied: ExchangeCount = {
  end: 'answered',
  status: 403,
  grpcStatus: null,
  byMesh: true,
  responder: null,
  detail: null,
  count: 1,
};
const allowed: ExchangeCount = { ...denied, status: 200, byMesh: false, responder: 'shop/web GET /a?q front.shop:80' };
const differences = (...exchanges: ExchangeCount[]) => differencesFrom(call, endings, { id: 1, exchanges });
const shares = (ofAllowed: number, total = 2000) =>
  differences({ ...allowed, count: ofAllowed }, { ...denied, count: total - ofAllowed }).length;

function restrictsMethods(objects: readonly KubeObject[]): boolean {
  return JSON.stringify(objects).includes('"methods":["POST"]');
}

test('a call ends in as many ways as it has backends, each in its share', () => {
  assert.deepEqual(
    endings.map(({ verdict, share, workload }) => [verdict.status, share, workload]),
    [
      [200, 0.9, 'shop/web'],
      [403, 0.1, 'shop/cart'],
    ],
  );
});

test('every answer must be one of these, from the workload that is to give it, to the request as it is to arrive', () => {
  assert.deepEqual(differences(allowed, denied), []);
  assert.deepEqual(differences({ ...denied, status: 503 }), ['answered by the mesh with 503']);
  for (const responder of ['shop/cart GET /a?q front.shop:80', 'shop/web GET /x/../a?q front.shop:80', 'shop/web']) {
    assert.equal(differences({ ...allowed, responder }).length, 1, responder);
  }
  for (const end of ['closed', 'reset', 'timeout', 'unreachable'] as const) {
    assert.equal(differences({ ...denied, end, status: null, byMesh: false }).length, 1, end);
  }
});

test('shares are judged once there are enough calls, within five standard deviations', () => {
  assert.equal(shares(10, 20), 0);
  assert.equal(shares(1740), 0);
  assert.equal(shares(1720), 2);
  assert.equal(shares(2000), 2);
});

test('of a policy what need not be there is dropped, and of a call what need not be odd', async () => {
  const smallest = await shrink(policy, async objects => await Promise.resolve(restrictsMethods(objects)));
  assert.deepEqual(smallest, [{ ...group, spec: { matches: [{ name: 'posts', methods: ['POST'] }] } }]);
  const odd: Call = {
    ...call,
    headers: [
      ['x-a', '1'],
      ['x-b', '2'],
      ['x-c', '3'],
    ],
  };
  const simplest = await shrinkCall(
    { call: odd, http2: true },
    async each => await Promise.resolve(each.call.headers.some(([name]) => name === 'x-b')),
  );
  assert.deepEqual(simplest, { call: { ...call, path: '/', headers: [['x-b', '2']] }, http2: false });
});

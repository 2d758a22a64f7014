import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompiler, ResourceStore } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { judge } from './seen.ts';
import { timesToMeetRefusal } from './shared-refusal.ts';
import { readTraffic, type TrafficCall } from './traffic.ts';

/** `books` is shared by two versions, of which the caller may call the first alone. */
const model = createCompiler()(
  new ResourceStore().apply({
    upserts: [
      pod('shop', 'web', '10.244.1.1'),
      ...['v1', 'v2'].flatMap((name, index) => [
        pod('stock', name, `10.244.1.${index + 2}`),
        made('v1', 'Service', name, {
          clusterIP: `10.96.1.${index + 2}`,
          selector: { app: name },
          ports: [{ name: 'http', port: 80 }],
        }),
      ]),
      made('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', 'any', { matches: [{ name: 'any', pathRegex: '.*' }] }),
      made('access.smi-spec.io/v1alpha4', 'TrafficTarget', 'v1', {
        destination: { kind: 'ServiceAccount', name: 'v1' },
        sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
        rules: [{ kind: 'HTTPRouteGroup', name: 'any' }],
      }),
      made('split.smi-spec.io/v1alpha4', 'TrafficSplit', 'books', {
        service: 'books',
        backends: [
          { service: 'v1', weight: 90 },
          { service: 'v2', weight: 10 },
        ],
      }),
    ].map(object => ({ object })),
    removals: [],
  }),
);

function made(apiVersion: string, kind: string, name: string, spec: object): KubeObject {
  return { apiVersion, kind, metadata: { namespace: 'stock', name }, spec };
}

function pod(namespace: string, name: string, podIP: string): KubeObject {
  const metadata = { namespace, name, labels: { app: name } };
  const spec = { serviceAccountName: name, containers: [{ name }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { phase: 'Running', podIP } };
}

function call(to: string, expect: object): TrafficCall {
  const calls = [{ name: 'a call', from: 'shop/web', to, expect }];
  const object = { apiVersion: 'heddle.dev/v1alpha1', kind: 'Traffic', metadata: { name: 'traffic' }, calls };
  const [read] = readTraffic({ object }, 'cluster.local').calls;
  assert.ok(read);
  return read;
}

const times = (to: string, expect: object) => {
  const { call: asked, expect: expected } = call(to, expect);
  return timesToMeetRefusal(asked, expected, model);
};

test('a refusal by one backend of several is met in so many calls (S13)', () => {
  assert.equal(times('books.stock:80', { verdict: 'deny' }), 197);
  assert.equal(times('books.stock:80', { verdict: 'allow' }), undefined);
  assert.equal(times('v2.stock:80', { verdict: 'deny' }), undefined);
  assert.equal(times('nothing.stock:80', { verdict: 'unreachable' }), undefined);
});

test('beside such a refusal, what gets through does not count; without one, it does (S13)', () => {
  const exchange = { end: 'answered', grpcStatus: null, responder: null, detail: null } as const;
  const passed = { ...exchange, status: 200, byMesh: false, count: 180 };
  const refused = { ...exchange, status: 403, byMesh: true, count: 20 };
  const asked = call('books.stock:80', { verdict: 'deny', status: 403 });
  const seen = judge(asked, { id: 0, exchanges: [passed, refused] }, model);
  assert.deepEqual(seen.differences, []);
  assert.equal(seen.outcome.verdict, 'deny');
  assert.equal(judge(asked, { id: 0, exchanges: [passed] }, model).outcome.verdict, 'allow');
  assert.deepEqual(judge(asked, { id: 0, exchanges: [passed, { ...refused, status: 400 }] }, model).differences, [
    'status 403, not 400 (20 of 200 calls)',
  ]);
});

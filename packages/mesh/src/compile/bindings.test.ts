import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { createEnvoyRenderer } from '../backends/envoy/render.ts';
import { routeType } from '../backends/envoy/resource.ts';
import { configurationOf } from '../backends/envoy/sidecar-configurations.ts';
import { ResourceStore } from '../store/resource-store.ts';
import { createCompiler } from './compile.ts';

function object(apiVersion: string, kind: string, id: string, rest: object): KubeObject {
  const [namespace = '', name = ''] = id.split('/');
  return { apiVersion, kind, metadata: { name, namespace }, ...rest };
}

const access = 'access.smi-spec.io/v1alpha4';

function pod(namespace: string, name: string, labels: Record<string, string>, address: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { serviceAccountName: labels.app ?? 'none', containers: [] },
    status: { podIP: address, phase: 'Running' },
  };
}

const policy = [
  pod('stock', 'books', { app: 'books' }, '10.0.1.1'),
  object('v1', 'Service', 'stock/books', {
    spec: {
      selector: { app: 'books' },
      ports: [
        { name: 'http', port: 80 },
        { name: 'mysql', port: 3306 },
      ],
    },
  }),
  object('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', 'stock/any', { spec: { matches: [{ name: 'any' }] } }),
  object('specs.smi-spec.io/v1alpha4', 'TCPRoute', 'stock/bytes', { spec: { matches: { ports: [3306] } } }),
  object(access, 'IdentityBinding', 'shop/trusted', {
    spec: { schemes: { podLabelSelector: { matchLabels: { tier: 'trusted' } } } },
  }),
  ...[
    ['http', { kind: 'HTTPRouteGroup', name: 'any' }] as const,
    ['tcp', { kind: 'TCPRoute', name: 'bytes' }] as const,
  ].map(([name, rule]) =>
    object(access, 'TrafficTarget', `stock/${name}`, {
      spec: {
        destination: { kind: 'ServiceAccount', name: 'books' },
        sources: [{ kind: 'IdentityBinding', name: 'trusted', namespace: 'shop' }],
        rules: [rule],
      },
    }),
  ),
];

function chains(text: string | undefined): (readonly [name: string, content: string])[] {
  const { filterChains } = JSON.parse(text ?? '{}') as { filterChains: { name: string }[] };
  return filterChains.map(chain => [chain.name, JSON.stringify(chain)]);
}

const trusted = (name: string, address: string) => pod('shop', name, { app: 'web', tier: 'trusted' }, address);

function mesh(...objects: KubeObject[]) {
  const store = new ResourceStore();
  const compile = createCompiler();
  const render = createEnvoyRenderer();
  const take = (...upserts: KubeObject[]) => {
    const model = compile(store.apply({ upserts: upserts.map(one => ({ object: one })), removals: [] }));
    const { output } = render(model, {});
    const resources = configurationOf(output, 'stock/books')?.groups.flatMap(group => group.resources) ?? [];
    return { model, resources: new Map(resources.map(({ name, value }) => [name, JSON.stringify(value)])) };
  };
  return { take, first: take(...objects) };
}

test('labels mean accounts, each with the addresses of exactly the pods that they pick (T11)', () => {
  const unlabelled = pod('shop', 'other', { app: 'web' }, '10.0.0.9');
  const { first } = mesh(...policy, unlabelled, trusted('b', '10.0.0.2'), trusted('a', '10.0.0.1'));
  const target = first.model.namespaces.get('stock')?.targets.get('http');
  assert.deepEqual(
    target?.principals.map(({ identity, addresses }) => [identity, addresses]),
    [['spiffe://cluster.local/ns/shop/sa/web', ['10.0.0.1', '10.0.0.2']]],
  );
});

test('an address that a pod without the labels claims, too, lets nobody in', () => {
  const { first } = mesh(...policy, pod('shop', 'other', { app: 'web' }, '10.0.0.1'), trusted('a', '10.0.0.1'));
  assert.deepEqual(first.model.namespaces.get('stock')?.targets.get('http')?.principals[0]?.addresses, []);
});

test('a pod that comes changes the routes of HTTP ports and adds a chain to each port, and touches nothing else', () => {
  const { take, first } = mesh(...policy, trusted('a', '10.0.0.1'));
  const after = take(trusted('b', '10.0.0.2'));
  const changed = [...after.resources].filter(([name, value]) => first.resources.get(name) !== value);
  assert.deepEqual(
    changed.map(([name]) => name),
    ['inbound/stock/books', 'inbound/stock/books/80'],
  );
  const [before, now] = [chains(first.resources.get('inbound/stock/books')), chains(changed[0]?.[1])];
  assert.deepEqual(
    now
      .filter(([, chain]) => !before.some(([, other]) => other === chain))
      .map(([name]) => name?.split('/').slice(0, 4).join('/')),
    ['80/http/web.shop/10.0.0.2', '3306/tcp/web.shop/10.0.0.2'],
  );
  assert.equal(before.length + 2, now.length, 'every other chain is as it was, so that Envoy drains none');
});

test('a pod that changes in ways that labels do not see leaves the policy of others as it was', () => {
  const { take, first } = mesh(...policy, trusted('a', '10.0.0.1'));
  const notReady = { ...trusted('a', '10.0.0.1'), status: { podIP: '10.0.0.1', phase: 'Pending' } };
  const after = take(notReady);
  const books = ({ model }: typeof after) => model.namespaces.get('stock')?.workloads.get('books');
  assert.equal(books(after), books(first));
});

test('who lost the labels is in no resource any more', () => {
  const { take } = mesh(...policy, trusted('a', '10.0.0.1'));
  const { resources } = take(pod('shop', 'a', { app: 'web' }, '10.0.0.1'));
  for (const [name, value] of resources) assert.ok(!value.includes('10.0.0.1"'), name);
});

test('what is made for a binding is traced to it', () => {
  const { first } = mesh(...policy, trusted('a', '10.0.0.1'));
  const { output } = createEnvoyRenderer()(first.model, {});
  const routes = configurationOf(output, 'stock/books')
    ?.groups.flatMap(group => group.resources)
    .find(({ typeUrl, name }) => typeUrl === routeType && name === 'inbound/stock/books/80');
  const kinds = routes?.origins.map(origin => ('default' in origin ? '' : origin.source.object.kind));
  assert.ok(kinds?.includes('IdentityBinding'));
});

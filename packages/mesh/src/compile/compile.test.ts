import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath, type KubeObject } from '@heddle/smi';
import { ResourceStore } from '../store/resource-store.ts';
import { createCompiler } from './compile.ts';

const object = (apiVersion: string, kind: string, name: string, spec: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'stock' },
  spec,
});

const service = (name: string, spec: object = {}) =>
  object('v1', 'Service', name, {
    selector: { app: name },
    ports: [{ port: 80, name: 'http', targetPort: 'web' }],
    ...spec,
  });

const pod = (name: string, app: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'stock', labels: { app, tier: 'back' } },
  spec: { serviceAccountName: app, containers: [{ ports: [{ name: 'web', containerPort: 8080 }] }] },
  status: { podIP: '10.1.0.1', phase: 'Running' },
});

const target = (name: string, destination: object, rules: readonly object[] = [{ kind: 'TCPRoute', name: 'bytes' }]) =>
  object('access.smi-spec.io/v1alpha4', 'TrafficTarget', name, {
    destination,
    sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
    rules,
  });

const split = (name: string, service: string, backends: readonly object[], matches?: readonly object[]) =>
  object('split.smi-spec.io/v1alpha4', 'TrafficSplit', name, { service, backends, ...(matches && { matches }) });

const routes = object('specs.smi-spec.io/v1alpha4', 'HTTPRouteGroup', 'routes', {
  matches: [{ name: 'buy', pathRegex: '/buy', methods: ['GET'] }],
});

const tcp = object('specs.smi-spec.io/v1alpha4', 'TCPRoute', 'bytes', { matches: { ports: [8080] } });

function compileStock(...objects: KubeObject[]) {
  const set = new ResourceStore().apply({ upserts: objects.map(one => ({ object: one })), removals: [] });
  const stock = createCompiler()(set).namespaces.get('stock');
  assert.ok(stock);
  return stock;
}

test('the model says what Services and workloads are selected by', () => {
  const { services, workloads } = compileStock(service('books'), pod('a', 'books'));
  const books = services.get('books');
  assert.deepEqual(books?.selector, { app: 'books' });
  assert.deepEqual(
    books?.ports.map(({ number, name, targetPort }) => [number, name, targetPort]),
    [[80, 'http', 'web']],
  );
  assert.deepEqual(workloads.get('a')?.labels, { app: 'books', tier: 'back' });
});

test('a TrafficTarget is in the model with its references followed, although nobody runs as its destination', () => {
  const rules = [
    { kind: 'HTTPRouteGroup', name: 'routes', matches: ['buy'] },
    { kind: 'TCPRoute', name: 'bytes' },
    { kind: 'TCPRoute', name: 'gone' },
  ];
  const { targets } = compileStock(
    target('open', { kind: 'ServiceAccount', name: 'books', port: 8080 }, rules),
    routes,
    tcp,
  );
  const open = targets.get('open');
  assert.deepEqual(open?.destination, {
    accounts: [{ name: 'books', identity: 'spiffe://cluster.local/ns/stock/sa/books' }],
    port: 8080,
  });
  assert.deepEqual(
    open?.principals.map(({ serviceAccount, identity }) => [serviceAccount, identity]),
    [[{ namespace: 'shop', name: 'web' }, 'spiffe://cluster.local/ns/shop/sa/web']],
  );
  assert.deepEqual(
    open?.entries.map(({ match, rule }) => [match.name, formatPath(rule.path)]),
    [['buy', 'spec.rules[0]']],
  );
  assert.deepEqual(
    open?.tcpRules.map(({ ports }) => ports),
    [[8080], 'none'],
  );
  assert.deepEqual([open?.boundsOnly, open?.tcpOnly], [true, false]);
  assert.deepEqual(
    open?.gaps.map(({ why }) => why),
    ['there is no TCPRoute gone in stock'],
  );
});

test('a TrafficTarget to an IdentityBinding that is not there has no destination', () => {
  const { targets } = compileStock(target('open', { kind: 'IdentityBinding', name: 'shelf' }), tcp);
  assert.equal(targets.get('open')?.destination, undefined);
});

test('what a target opens on a port is what the model says of the target', () => {
  const { targets, workloads } = compileStock(
    service('books'),
    pod('a', 'books'),
    target('open', { kind: 'ServiceAccount', name: 'books' }),
    tcp,
  );
  const [authorization] = workloads.get('a')?.ports[0]?.policy.authorizations ?? [];
  assert.equal(authorization?.target, targets.get('open')?.origin);
  assert.equal(authorization?.principals, targets.get('open')?.principals);
});

test('splits are in the model by the name of their root, with their backends looked up', () => {
  const { splits, services } = compileStock(
    service('books-v1'),
    routes,
    split('all', 'books', [
      { service: 'books-v1', weight: 1 },
      { service: 'books-v1', weight: 2 },
      { service: 'gone', weight: 1 },
    ]),
    split('some', 'books', [{ service: 'books-v1', weight: 1 }], [{ kind: 'HTTPRouteGroup', name: 'routes' }]),
    split('none', 'books', [{ service: 'books-v1', weight: 1 }], [{ kind: 'HTTPRouteGroup', name: 'gone' }]),
  );
  assert.deepEqual([...splits.keys()], ['books']);
  const books = splits.get('books');
  assert.deepEqual([books?.key, books?.own], ['stock/books', false]);
  assert.deepEqual(
    books?.matching.map(({ name, matches }) => [name, matches === 'all' ? matches : matches.map(({ name }) => name)]),
    [
      ['none', []],
      ['some', ['buy']],
    ],
  );
  assert.equal(books?.catchAll?.matches, 'all');
  assert.deepEqual(
    books?.catchAll?.backends.map(({ service, weight, origin }) => [service, weight, formatPath(origin.path)]),
    [['stock/books-v1', 3, 'spec.backends[0].service']],
  );
  assert.equal(services.get('books')?.ports[0]?.targetPort, undefined, 'a logical root has no pods');
});

test('what a change does not touch is the same object in the next model', () => {
  const store = new ResourceStore();
  const compile = createCompiler();
  const objects = [
    service('books'),
    pod('a', 'books'),
    target('open', { kind: 'ServiceAccount', name: 'books' }),
    tcp,
    routes,
  ];
  const modelOf = (...upserts: KubeObject[]) =>
    compile(store.apply({ upserts: upserts.map(one => ({ object: one })), removals: [] })).namespaces.get('stock');
  const before = modelOf(...objects);
  const after = modelOf(split('all', 'root', [{ service: 'books', weight: 1 }]));
  assert.equal(after?.targets.get('open'), before?.targets.get('open'));
  assert.equal(after?.workloads.get('a')?.ports, before?.workloads.get('a')?.ports);
  assert.equal(after?.services.get('books'), before?.services.get('books'));
  assert.ok(after?.splits.has('root'));
});

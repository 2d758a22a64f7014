import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, refOf, type SourceObject } from '@heddle/smi';
import { defaultSettings } from '../model/settings.ts';
import { heldObjects } from './resource-set.ts';
import { ResourceStore } from './resource-store.ts';

const source = (object: KubeObject): SourceObject => ({ object });

const routes = (pathRegex: string, name = 'routes', namespace = 'stock') =>
  source({
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'HTTPRouteGroup',
    metadata: { name, namespace },
    spec: { matches: [{ name: 'one', pathRegex }] },
  });

/** A version with two entries. */
const pair = (first: string, second: string) => {
  const { object } = routes(first);
  const matches = [
    { name: 'one', pathRegex: first },
    { name: 'two', pathRegex: second },
  ];
  return source({ ...object, spec: { matches } });
};

const split = (service: string) =>
  source({
    apiVersion: 'split.smi-spec.io/v1alpha4',
    kind: 'TrafficSplit',
    metadata: { name: 'split', namespace: 'stock' },
    spec: { service, backends: [{ service: 'a', weight: 1 }] },
  });

const unreadable = source({ ...routes('/a').object, apiVersion: 'specs.smi-spec.io/v9' });

const pod = (name: string, namespace = 'stock') =>
  source({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: {} });

const patterns = (store: ResourceStore) =>
  store
    .current()
    .namespaces.get('stock')
    ?.routeGroups.get('routes')
    ?.value.spec.matches.map(match => match.pathRegex);

const put = (store: ResourceStore, ...upserts: SourceObject[]) => store.apply({ upserts, removals: [] });
const remove = (store: ResourceStore, ...removed: SourceObject[]) =>
  store.apply({ upserts: [], removals: removed.map(({ object }) => refOf(object)) });

test('an object that is refused leaves its last accepted version in force', () => {
  const store = new ResourceStore();
  put(store, routes('/good'));
  const { findings } = put(store, routes('/('));
  assert.deepEqual(patterns(store), ['/good']);
  assert.deepEqual(
    findings.map(({ reason, object }) => [reason, object?.name]),
    [['InvalidRegex', 'routes']],
  );
  assert.deepEqual(put(store, routes('/mended')).findings, []);
  assert.deepEqual(patterns(store), ['/mended']);
});

test('without an accepted version, what can be read of an object is in force', () => {
  const store = new ResourceStore();
  put(store, routes('/('));
  assert.deepEqual(patterns(store), []);
});

const histories: readonly (readonly [
  what: string,
  versions: readonly SourceObject[],
  inForce: string[] | undefined,
])[] = [
  ['good parts change while a part is bad', [pair('/a', '('), pair('/b', '(')], ['/b']],
  ['a part is mended while another one breaks', [pair('/a', '('), pair('(', '/b')], ['/b']],
  ['all of it is mended', [pair('/a', '('), pair('/b', '/c')], ['/b', '/c']],
  [
    'once it was whole, a refused version changes nothing',
    [pair('/a', '('), pair('/b', '/c'), pair('/d', '(')],
    ['/b', '/c'],
  ],
  ['nothing can be read any more, of what was whole', [routes('/a'), unreadable], ['/a']],
  ['nothing can be read any more, of what was in part', [pair('/a', '('), unreadable], ['/a']],
  ['a part can be read after nothing could', [unreadable, pair('/a', '(')], ['/a']],
  ['nothing can ever be read', [unreadable, unreadable], undefined],
];

for (const [what, versions, inForce] of histories) {
  test(`the last good state stays in force: ${what}`, () => {
    const store = new ResourceStore();
    for (const version of versions) put(store, version);
    assert.deepEqual(patterns(store), inForce);
  });
}

test('an object that is rewritten in a version that nobody reads stays in force as it was', () => {
  const store = new ResourceStore();
  const good = routes('/good');
  put(store, good);
  store.apply({ upserts: [unreadable], removals: [refOf(good.object)] });
  assert.deepEqual(patterns(store), ['/good']);
});

test('an object that is deleted and made anew at once stands alone', () => {
  const store = new ResourceStore();
  put(store, routes('/good'));
  store.apply({ upserts: [pair('/a', '(')], removals: [refOf(routes('/good').object)] });
  assert.deepEqual(patterns(store), ['/a']);
});

test('a removal forgets what was good: the next version stands alone', () => {
  const store = new ResourceStore();
  put(store, routes('/good'));
  remove(store, routes('/good'));
  put(store, pair('/a', '('));
  assert.deepEqual(patterns(store), ['/a']);
});

test('a split that turns to a Service of another namespace is refused, in any form of its name (S4)', () => {
  const store = new ResourceStore();
  store.configure({ ...defaultSettings, clusterDomain: 'mesh.test' });
  const root = () => store.current().namespaces.get('stock')?.trafficSplits.get('split')?.value.spec.service;
  put(store, split('books'));
  for (const service of ['books.shop', 'Books.shop.svc', 'books.shop.svc.mesh.test.']) {
    assert.deepEqual(
      put(store, split(service)).findings.map(({ reason, field }) => [reason, field]),
      [['NamespaceMismatch', 'spec.service']],
    );
    assert.equal(root(), 'books');
  }
  for (const service of ['books.stock.svc.mesh.test', 'www.example.com']) {
    assert.deepEqual(put(store, split(service)).findings, []);
    assert.equal(root(), service);
  }
});

test('a removal takes the object and what was said about it', () => {
  const store = new ResourceStore();
  const bad = routes('/(');
  put(store, bad);
  const { namespaces, findings } = remove(store, bad);
  assert.equal(namespaces.has('stock'), false);
  assert.deepEqual(findings, []);
});

test('tables that a delivery does not touch are the same objects', () => {
  const store = new ResourceStore();
  const before = put(store, routes('/a'), pod('one'), pod('other', 'shop')).namespaces;
  const after = put(store, pod('two')).namespaces;
  assert.equal(after.get('shop'), before.get('shop'));
  assert.equal(after.get('stock')?.routeGroups, before.get('stock')?.routeGroups);
  assert.notEqual(after.get('stock')?.pods, before.get('stock')?.pods);
  assert.equal(after.get('stock')?.pods.get('one'), before.get('stock')?.pods.get('one'));
  assert.equal(before.get('stock')?.pods.size, 1, 'a set that was given away does not change');
});

test('one object is one object in whatever version it is written', () => {
  const store = new ResourceStore();
  put(store, routes('/a'));
  const older = { ...routes('/b').object, apiVersion: 'specs.smi-spec.io/v1alpha3' };
  put(store, source(older));
  assert.deepEqual(patterns(store), ['/b']);
  remove(store, source(older));
  assert.equal(patterns(store), undefined);
});

test('an EndpointSlice and an Endpoints of one name are two', () => {
  const store = new ResourceStore();
  const metadata = { name: 'books', namespace: 'stock', labels: { 'kubernetes.io/service-name': 'books' } };
  const slice = source({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata });
  put(store, slice, source({ apiVersion: 'v1', kind: 'Endpoints', metadata }));
  assert.equal(store.current().namespaces.get('stock')?.endpoints.size, 2);
  remove(store, slice);
  assert.equal(store.current().namespaces.get('stock')?.endpoints.size, 1);
});

test('kinds that the mesh has no use for are skipped, and so are kinds of another group', () => {
  const store = new ResourceStore();
  const strange = { apiVersion: 'example.com/v1', kind: 'TrafficSplit', metadata: { name: 'a', namespace: 'stock' } };
  put(store, source(strange), source({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'b' } }));
  assert.equal(store.current().namespaces.size, 0);
});

test('a removal of what is not there changes nothing', () => {
  const store = new ResourceStore();
  const before = put(store, pod('one')).namespaces;
  const after = remove(store, pod('two'), pod('one', 'shop')).namespaces;
  assert.deepEqual([...after.keys()], ['stock']);
  assert.deepEqual(after.get('stock'), before.get('stock'));
});

test('settings are part of the set', () => {
  const store = new ResourceStore();
  store.configure({ ...defaultSettings, trustDomain: 'example.org' });
  assert.equal(store.current().settings.trustDomain, 'example.org');
});

/** Each object with the version that was delivered last and the one in force. */
const held = (store: ResourceStore) =>
  [...heldObjects(store.current())].map(({ ref, latest, inForce }) => [ref.name, latest, inForce]);

test('what was delivered last is held for its status, apart from what is in force', () => {
  const store = new ResourceStore();
  const [good, bad, mended] = [routes('/good'), routes('/('), routes('/mended')];
  put(store, good);
  assert.deepEqual(held(store), [['routes', good, good]]);
  put(store, bad);
  assert.deepEqual(held(store), [['routes', bad, good]]);
  put(store, unreadable);
  assert.deepEqual(held(store), [['routes', unreadable, good]]);
  put(store, mended);
  assert.deepEqual(held(store), [['routes', mended, mended]]);
  remove(store, mended);
  assert.deepEqual(held(store), []);
});

test('an object of which nothing was ever in force is held all the same', () => {
  const store = new ResourceStore();
  const { namespaces } = put(store, unreadable);
  assert.equal(namespaces.size, 0);
  assert.deepEqual(held(store), [['routes', unreadable, undefined]]);
});

test('a version that is refused leaves what is compiled untouched', () => {
  const store = new ResourceStore();
  const before = put(store, routes('/good'), pod('one')).namespaces;
  const after = put(store, routes('/(')).namespaces;
  assert.equal(after.get('stock'), before.get('stock'));
});

test('an object at which reading fails is refused, and the rest ships', () => {
  const store = new ResourceStore();
  const { object } = pod('bad');
  const trap = Object.defineProperty({ ...object }, 'spec', {
    get: () => {
      throw new Error('no such thing');
    },
  });
  const { findings, namespaces } = put(store, pod('one'), source(trap), pod('two'));
  assert.deepEqual([...(namespaces.get('stock')?.pods.keys() ?? [])], ['one', 'two']);
  assert.deepEqual(
    findings.map(({ reason, severity, object }) => [reason, severity, object?.name]),
    [['UnreadableObject', 'error', 'bad']],
  );
  assert.match(findings[0]?.message ?? '', /no such thing/);
});

test('what is of the cluster has a place of its own, whatever namespace is written', () => {
  const store = new ResourceStore();
  const namespace = source({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stock' } });
  const { cluster, namespaces } = put(store, namespace);
  assert.deepEqual([...cluster.namespaces.keys()], ['stock']);
  assert.equal(namespaces.size, 0);
  assert.equal(put(store, pod('one')).cluster, cluster);
  assert.equal(remove(store, namespace).cluster.namespaces.size, 0);
});

const withoutEffect: readonly (readonly [apiVersion: string, kind: string, fields: object])[] = [
  ['metrics.smi-spec.io/v1alpha1', 'TrafficMetrics', { resource: { kind: 'Pod' }, metrics: [] }],
];

for (const [apiVersion, kind, fields] of withoutEffect) {
  test(`a ${kind} is held and said to have no effect yet`, () => {
    const store = new ResourceStore();
    const object = source({ apiVersion, kind, metadata: { name: 'mesh', namespace: 'stock' }, ...fields });
    const { findings } = put(store, object);
    assert.deepEqual(
      findings.map(({ reason, severity, object }) => [reason, severity, object?.kind]),
      [['NoEffectYet', 'warning', kind]],
    );
    assert.deepEqual(held(store), [['mesh', object, object]]);
    assert.deepEqual(remove(store, object).findings, []);
  });
}

test('a MeshConfig of any name but mesh is refused', () => {
  const store = new ResourceStore();
  const config = source({ apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'other' } });
  assert.deepEqual(
    put(store, config).findings.map(({ reason, field }) => [reason, field]),
    [['InvalidField', 'metadata.name']],
  );
});

test('a version that is set aside counts as if it had never been there, until it is no longer or a newer one comes', () => {
  const store = new ResourceStore();
  const [first, second, third] = [routes('/1'), routes('/2'), routes('/3')];
  put(store, first);
  put(store, second);
  const { held } = store.setAside(new Set([second]));
  assert.deepEqual(patterns(store), ['/1']);
  assert.deepEqual(
    [...heldObjects({ ...store.current(), held })].map(({ latest, inForce }) => [latest, inForce]),
    [[second, first]],
  );
  assert.equal(store.setAside(new Set([second])), store.current(), 'nothing changes');
  store.setAside(new Set());
  assert.deepEqual(patterns(store), ['/2']);
  store.setAside(new Set([first, second]));
  assert.equal(patterns(store), undefined);
  put(store, third);
  assert.deepEqual(patterns(store), ['/3']);
  remove(store, third);
  assert.equal(patterns(store), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, refOf } from '@heddle/smi';
import { readPod } from '../store/kubernetes/pod.ts';
import { readService } from '../store/kubernetes/service.ts';
import { distinctionsOf, groupPods } from './workloads.ts';

interface PodFields {
  readonly labels?: Record<string, string>;
  readonly serviceAccountName?: string;
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly owner?: string;
  readonly kind?: string;
  readonly annotations?: Record<string, string>;
  readonly created?: string;
}

function resource(name: string, fields: PodFields = {}) {
  const { labels = {}, serviceAccountName = 'books', ports = [], annotations = {}, created } = fields;
  const { owner = 'books', kind = 'StatefulSet' } = fields;
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'stock',
      labels,
      annotations,
      ...(created !== undefined && { creationTimestamp: created }),
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name: owner, controller: true }],
    },
    spec: { serviceAccountName, containers: [{ name: 'main', ports }] },
  };
  const { value } = readPod(object);
  assert.ok(value);
  return { ref: refOf(object), source: { object }, value };
}

const service = (name: string, spec: object) => {
  const object: KubeObject = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec };
  const { value } = readService(object);
  assert.ok(value);
  return [name, { ref: refOf(object), source: { object }, value }] as const;
};

type TestPod = ReturnType<typeof resource>;

const byName = (pods: readonly TestPod[]) => new Map(pods.map(pod => [pod.ref.name, pod]));

/** Services tell pods apart by `app` and by the port `web`. */
const distinctions = { labels: ['app'], ports: ['web'] };

const group = (...pods: TestPod[]) =>
  groupPods(byName(pods), distinctions).map(
    ({ name, pods }) => `${name.replace(/~[a-z0-9]+$/, '~hash')}: ${pods.map(pod => pod.name).join(' ')}`,
  );

/** The name of those that run as `b`. */
const nameOf = (...pods: TestPod[]) =>
  groupPods(byName(pods), distinctions).find(({ serviceAccount }) => serviceAccount === 'b')?.name;

test('pods of one owner that are alike are one workload, sorted', () => {
  assert.deepEqual(group(resource('b'), resource('a')), ['books: a b']);
});

test('pods of one owner are told apart by account, and by what Services go by', () => {
  const apart = ['books: a', 'books~hash: b'];
  const other = (fields: PodFields) => group(resource('a'), resource('b', fields)).toSorted();
  assert.deepEqual(group(resource('a', { serviceAccountName: 'a' }), resource('b')), apart);
  assert.deepEqual(group(resource('a', { labels: { app: 'a' } }), resource('b', { labels: { app: 'b' } })), apart);
  assert.equal(other({ ports: [{ name: 'web', containerPort: 1 }] }).length, 2);
});

test('a roll-out of a new version keeps one workload: labels and ports that no Service goes by are no difference', () => {
  const before = { labels: { app: 'x', 'pod-template-hash': '1', version: '1' } };
  const after = {
    labels: { version: '2', app: 'x', 'pod-template-hash': '2' },
    ports: [{ name: 'admin', containerPort: 1 }],
  };
  assert.deepEqual(group(resource('b', before), resource('a', after)), ['books: a b']);
});

test('Services tell pods apart by the labels that they select by, and by ports that they name', () => {
  const services = new Map([
    service('a', { selector: { version: '1', app: 'a' }, ports: [{ port: 80, targetPort: 'web' }] }),
    service('b', { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 8080 }] }),
    service('c', { ports: [{ port: 80 }] }),
  ]);
  assert.deepEqual(distinctionsOf({ services, identityBindings: new Map() }), {
    labels: ['app', 'version'],
    ports: ['web'],
  });
});

test('in a roll-out that changes the account the new pods have the plain name, whatever their names are', () => {
  const [old, early, late] = ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'];
  const stays = resource('b', { created: old });
  const next = { serviceAccountName: 'new', created: early };
  assert.deepEqual(group(stays), ['books: b']);
  assert.deepEqual(group(stays, resource('a', next)), ['books: a', 'books~hash: b']);
  assert.deepEqual(group(stays, resource('c', next)), ['books~hash: b', 'books: c']);
  assert.deepEqual(group(resource('c', next)), ['books: c']);
  const restarted = resource('z', { created: late });
  assert.deepEqual(group(stays, restarted, resource('c', next)), ['books~hash: b z', 'books: c']);
});

test('the hash in a name says what the pods are, whichever others there are', () => {
  const [b, c] = [resource('b', { serviceAccountName: 'b' }), resource('c', { serviceAccountName: 'c' })];
  const young = resource('a', { serviceAccountName: 'a', created: '2026-01-01T00:00:00Z' });
  assert.match(nameOf(young, b) ?? '', /^books~[a-z0-9]+$/);
  assert.equal(nameOf(young, b, c), nameOf(young, b));
});

test('owners of several kinds that share a name are apart, and all but a Deployment say their kind', () => {
  const [set, daemons] = [resource('a'), resource('b', { kind: 'DaemonSet' })];
  assert.deepEqual(
    groupPods(byName([set, daemons, resource('c', { kind: 'Deployment' })]), distinctions).map(({ name }) => name),
    ['books~statefulset', 'books~daemonset', 'books'],
  );
  assert.deepEqual(group(set), ['books: a']);
});

test('a workload has the labels that its pods have in common, without marks of versions and pods', () => {
  const first = { app: 'x', version: '1', 'pod-template-hash': '1', 'apps.kubernetes.io/pod-index': '0' };
  const second = { version: '2', tier: 'back', app: 'x', 'pod-template-hash': '1' };
  const pods = byName([resource('a', { labels: first }), resource('b', { labels: second })]);
  assert.deepEqual(groupPods(pods, distinctions)[0]?.labels, { app: 'x' });
});

test('pods without a sidecar make no workload (H6)', () => {
  assert.deepEqual(group(resource('a', { annotations: { 'heddle.dev/inject': 'false' } })), []);
});

test('the order in which pods came plays no part', () => {
  const pods = [resource('a', { labels: { app: '2' } }), resource('b'), resource('c', { owner: 'toys' })];
  assert.deepEqual(group(...pods), group(...pods.toReversed()));
});

test('a pod that did not change is the same object from one pass to the next', () => {
  const pods = byName([resource('a')]);
  const before = groupPods(pods, distinctions);
  assert.equal(groupPods(pods, distinctions, before)[0]?.pods[0], before[0]?.pods[0]);
});

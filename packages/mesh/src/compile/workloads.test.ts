import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, refOf } from '@heddle/smi';
import { readPod } from '../store/kubernetes.ts';
import { groupPods } from './workloads.ts';

interface PodFields {
  readonly labels?: Record<string, string>;
  readonly serviceAccountName?: string;
  readonly ports?: readonly { name: string; containerPort: number }[];
  readonly owner?: string;
  readonly annotations?: Record<string, string>;
}

function resource(name: string, fields: PodFields = {}) {
  const { labels = {}, serviceAccountName = 'books', ports = [], owner = 'books', annotations = {} } = fields;
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'stock',
      labels,
      annotations,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: owner, controller: true }],
    },
    spec: { serviceAccountName, containers: [{ name: 'main', ports }] },
  };
  return { ref: refOf(object), source: { object }, value: readPod(object) };
}

const group = (...pods: ReturnType<typeof resource>[]) =>
  groupPods(new Map(pods.map(pod => [pod.ref.name, pod]))).map(
    ({ name, pods }) => `${name}: ${pods.map(pod => pod.name).join(' ')}`,
  );

const labels = (hash: string) => ({ app: 'x', 'pod-template-hash': hash });

test('pods of one controller that are alike are one workload, sorted', () => {
  assert.deepEqual(group(resource('b'), resource('a')), ['books: a b']);
});

test('pods that differ in labels, account or named ports are told apart by a number', () => {
  assert.deepEqual(group(resource('a'), resource('b', { labels: { version: '2' } })), ['books: a', 'books~2: b']);
  assert.deepEqual(group(resource('a'), resource('b', { serviceAccountName: 'other' })), ['books: a', 'books~2: b']);
  assert.deepEqual(group(resource('a'), resource('b', { ports: [{ name: 'web', containerPort: 1 }] })), [
    'books: a',
    'books~2: b',
  ]);
});

test('the hash of a template is no difference, nor is the order of labels', () => {
  assert.deepEqual(group(resource('a', { labels: labels('1') }), resource('b', { labels: labels('2') })), [
    'books: a b',
  ]);
  assert.deepEqual(
    group(resource('a', { labels: { x: '1', y: '2' } }), resource('b', { labels: { y: '2', x: '1' } })),
    ['books: a b'],
  );
});

test('pods without a sidecar make no workload (H6)', () => {
  assert.deepEqual(group(resource('a', { annotations: { 'heddle.dev/inject': 'false' } })), []);
});

test('the order in which pods came plays no part', () => {
  const pods = [resource('a', { labels: { v: '2' } }), resource('b'), resource('c', { owner: 'toys' })];
  assert.deepEqual(group(...pods), group(...pods.toReversed()));
});

test('a pod that did not change is the same object from one pass to the next', () => {
  const pods = new Map([['a', resource('a')]]);
  assert.equal(groupPods(pods)[0]?.pods[0], groupPods(pods)[0]?.pods[0]);
});

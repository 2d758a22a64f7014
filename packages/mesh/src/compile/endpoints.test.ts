import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, refOf } from '@heddle/smi';
import type { EndpointsSpec } from '../store/kubernetes/endpoints.ts';
import { readPod } from '../store/kubernetes/pod.ts';
import { readService } from '../store/kubernetes/service.ts';
import { endpointsOf, indexPods, selectPods } from './endpoints.ts';
import { groupPods } from './workloads.ts';

interface PodFields {
  readonly address?: string;
  readonly labels?: Record<string, string>;
  readonly ready?: boolean;
  readonly port?: number;
  readonly annotations?: Record<string, string>;
}

function pod(
  name: string,
  { address, labels = { app: 'books' }, ready = true, port = 8080, annotations = {} }: PodFields,
) {
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'stock', labels, annotations },
    spec: { containers: [{ name: 'main', ports: [{ name: 'web', containerPort: port }] }] },
    status: { phase: ready ? 'Running' : 'Pending', ...(address !== undefined && { podIP: address }) },
  };
  const { value } = readPod(object);
  assert.ok(value);
  return { ref: refOf(object), source: { object }, value };
}

function index(...list: ReturnType<typeof pod>[]) {
  const pods = new Map(list.map(one => [one.ref.name, one]));
  return indexPods('stock', pods, groupPods(pods, { labels: [], ports: [] }));
}

const service = (targetPort: number | string, selector: object | undefined = { app: 'books' }) => {
  const { value } = readService({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'books' },
    spec: { selector, ports: [{ name: 'http', port: 80, targetPort }] },
  });
  assert.ok(value);
  return value;
};

function find(spec: ReturnType<typeof service>, pods: ReturnType<typeof index>, slices: readonly EndpointsSpec[] = []) {
  const [port] = spec.ports;
  assert.ok(port);
  return endpointsOf({ ref: { name: 'books' }, value: spec }, port, slices, pods).map(
    ({ address, port, ready, workload = 'nobody' }) =>
      `${address}:${port} ${ready ? 'ready' : 'not ready'} ${workload}`,
  );
}

const slice = (endpoints: EndpointsSpec['endpoints'], name = 'http'): EndpointsSpec => ({
  service: 'books',
  ports: [{ name, number: 8080 }],
  endpoints,
});

test('the pods that a selector picks, by address, with those that are not ready', () => {
  const pods = index(
    pod('b', { address: '10.1.0.2', ready: false }),
    pod('a', { address: '10.1.0.1' }),
    pod('c', { address: '10.1.0.3', labels: {} }),
  );
  assert.deepEqual(find(service(8080), pods), ['10.1.0.1:8080 ready stock/a', '10.1.0.2:8080 not ready stock/b']);
});

test('a port by name is each pod\u2019s own (S6); a pod without it, or without an address, is left out', () => {
  const pods = index(pod('a', { address: '10.1.0.1' }), pod('b', { address: '10.1.0.2', port: 9090 }), pod('c', {}));
  assert.deepEqual(find(service('web'), pods), ['10.1.0.1:8080 ready stock/a', '10.1.0.2:9090 ready stock/b']);
  assert.deepEqual(find(service('other'), pods), []);
});

test('a pod without a sidecar is an endpoint of nobody (H6)', () => {
  const pods = index(pod('a', { address: '10.1.0.1', annotations: { 'heddle.dev/inject': 'false' } }));
  assert.deepEqual(find(service(8080), pods), ['10.1.0.1:8080 ready nobody']);
});

test('every label of a selector counts; no selector picks nobody', () => {
  const pods = index(pod('a', { labels: { app: 'books', version: '1' } }), pod('b', { labels: { app: 'books' } }));
  const names = (selector: Record<string, string> | undefined) => selectPods(selector, pods).map(({ ref }) => ref.name);
  assert.deepEqual(names({ app: 'books' }), ['a', 'b']);
  assert.deepEqual(names({ app: 'books', version: '1' }), ['a']);
  assert.deepEqual(names({ version: '2' }), []);
  assert.deepEqual(names({}), []);
  assert.deepEqual(names(undefined), []);
});

test('slices are believed rather than the selector; pods are known by name, else by address', () => {
  const pods = index(pod('a', { address: '10.1.0.1' }), pod('b', { address: '10.1.0.2' }));
  const endpoints = [
    { address: '10.1.0.2', ready: true, pod: undefined },
    { address: '10.9.9.9', ready: true, pod: 'a' },
    { address: '192.0.2.1', ready: false, pod: undefined },
  ];
  assert.deepEqual(find(service(1), pods, [slice(endpoints)]), [
    '10.1.0.2:8080 ready stock/b',
    '10.9.9.9:8080 ready stock/a',
    '192.0.2.1:8080 not ready nobody',
  ]);
});

test('an endpoint that several slices name is one; a port of another name is another port', () => {
  const endpoints = [{ address: '10.1.0.1', ready: true, pod: undefined }];
  assert.equal(find(service(1), index(), [slice(endpoints), slice(endpoints)]).length, 1);
  assert.deepEqual(find(service(1), index(), [slice(endpoints, 'admin')]), []);
});

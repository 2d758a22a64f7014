import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { readEndpointSlice, readEndpoints, readPod, readService } from './kubernetes.ts';

const object = (kind: string, fields: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'books', namespace: 'stock', ...metadata },
  ...fields,
});

const addresses = (spec: object) => readService(object('Service', { spec })).addresses;

const target = (targetPort: unknown) =>
  readService(object('Service', { spec: { ports: [{ port: 80, targetPort }] } })).ports[0]?.targetPort;

const exposed = (value: string) =>
  readService(object('Service', {}, { annotations: { 'heddle.dev/expose': value } })).exposed;

const ready = (status: object, metadata: object = {}) => readPod(object('Pod', { status }, metadata)).ready;

const inMesh = (spec: object, annotations = {}) => readPod(object('Pod', { spec }, { annotations })).inMesh;

const workload = (metadata: object) => readPod(object('Pod', {}, metadata)).workload;

const owner = (kind: string, name: string) => ({ apiVersion: 'apps/v1', kind, name, controller: true });

test('a Service with what Kubernetes adds where nothing is written', () => {
  const service = readService(object('Service', { spec: { clusterIP: '10.96.1.1', ports: [{ port: 80 }] } }));
  assert.deepEqual(service, {
    addresses: ['10.96.1.1'],
    headless: false,
    selector: undefined,
    ports: [
      {
        name: '',
        number: 80,
        targetPort: 80,
        transport: 'TCP',
        appProtocol: undefined,
        path: ['spec', 'ports', 0],
      },
    ],
    exposed: false,
  });
});

test('addresses: none of a headless Service, all of one with two families', () => {
  assert.deepEqual(addresses({ clusterIP: 'None' }), []);
  assert.deepEqual(addresses({}), []);
  assert.deepEqual(addresses({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'] }), ['10.0.0.1', 'fd00::1']);
});

test('a target port is a number, a name, or a number in quotes', () => {
  assert.equal(target(8080), 8080);
  assert.equal(target('web'), 'web');
  assert.equal(target('8080'), 8080);
  assert.equal(target(undefined), 80);
});

test('a Service is shown by the front door when it says so', () => {
  assert.equal(exposed('true'), true);
  assert.equal(exposed(''), true);
  assert.equal(exposed('false'), false);
});

test('a pod is ready by its condition, or by its phase where there is none', () => {
  assert.equal(ready({ phase: 'Running' }), true);
  assert.equal(ready({ phase: 'Pending' }), false);
  assert.equal(ready({ phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] }), false);
  assert.equal(ready({ conditions: [{ type: 'Ready', status: 'True' }] }), true);
  assert.equal(ready({ phase: 'Running' }, { deletionTimestamp: '2026-01-01T00:00:00Z' }), false);
});

test('a pod has a sidecar unless it is on the network of its node, or says no', () => {
  assert.equal(inMesh({}), true);
  assert.equal(inMesh({ hostNetwork: true }), false);
  assert.equal(inMesh({}, { 'heddle.dev/inject': 'false' }), false);
  assert.equal(inMesh({}, { 'heddle.dev/inject': 'disabled' }), false);
});

test('a pod belongs to the workload that made it, without the hash of a ReplicaSet', () => {
  assert.equal(workload({}), 'books');
  assert.equal(workload({ ownerReferences: [owner('StatefulSet', 'db')] }), 'db');
  assert.equal(
    workload({ ownerReferences: [owner('ReplicaSet', 'web-7d4')], labels: { 'pod-template-hash': '7d4' } }),
    'web',
  );
  assert.equal(workload({ ownerReferences: [owner('ReplicaSet', 'web-7d4')] }), 'web-7d4');
});

test('a pod without a service account runs as default; named ports of all containers are known', () => {
  const ports = [{ name: 'web', containerPort: 8080 }, { containerPort: 9090 }];
  const pod = readPod(
    object('Pod', {
      spec: { containers: [{ ports }], initContainers: [{ ports: [{ name: 'side', containerPort: 1 }] }] },
    }),
  );
  assert.equal(pod.serviceAccount, 'default');
  assert.deepEqual(
    [...pod.namedPorts],
    [
      ['side', 1],
      ['web', 8080],
    ],
  );
});

test('an EndpointSlice names its Service by a label; ready unless it says no', () => {
  const fields = {
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [
      { addresses: ['10.1.0.1'], targetRef: { kind: 'Pod', name: 'books-0' } },
      { addresses: ['10.1.0.2'], conditions: { ready: false } },
    ],
  };
  assert.equal(readEndpointSlice(object('EndpointSlice', fields)), undefined);
  assert.deepEqual(
    readEndpointSlice(object('EndpointSlice', fields, { labels: { 'kubernetes.io/service-name': 'books' } })),
    {
      service: 'books',
      ports: [{ name: 'http', number: 8080 }],
      endpoints: [
        { address: '10.1.0.1', ready: true, pod: 'books-0' },
        { address: '10.1.0.2', ready: false, pod: undefined },
      ],
    },
  );
});

test('Endpoints have subsets of addresses, ready and not', () => {
  const subsets = [
    { ports: [{ port: 80 }], addresses: [{ ip: '10.1.0.1' }], notReadyAddresses: [{ ip: '10.1.0.2' }, {}] },
  ];
  assert.deepEqual(readEndpoints(object('Endpoints', { subsets })), [
    {
      service: 'books',
      ports: [{ name: '', number: 80 }],
      endpoints: [
        { address: '10.1.0.1', ready: true, pod: undefined },
        { address: '10.1.0.2', ready: false, pod: undefined },
      ],
    },
  ]);
});

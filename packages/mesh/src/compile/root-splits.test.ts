import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { findingsOf } from '../model/mesh-model.ts';
import { ResourceStore } from '../store/resource-store.ts';
import { createCompiler } from './compile.ts';

const metadata = (name: string) => ({ name, namespace: 'stock' });

const service = (name: string, port: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata(name),
  spec: { selector: { app: name }, ports: [port] },
});

const split = (service: string, backends: Readonly<Record<string, number>>): KubeObject => ({
  apiVersion: 'split.smi-spec.io/v1alpha4',
  kind: 'TrafficSplit',
  metadata: metadata('split'),
  spec: { service, backends: Object.entries(backends).map(([name, weight]) => ({ service: name, weight })) },
});

const reasons = (...objects: KubeObject[]) => {
  const set = new ResourceStore().apply({ upserts: objects.map(object => ({ object })), removals: [] });
  return findingsOf(createCompiler()(set)).map(({ reason, field }) => `${reason} ${field}`);
};

test('a root without any port says what its splits lack: a Service of its name, or backends (S5, S7, S8)', () => {
  assert.deepEqual(reasons(split('books', { 'books-v1': 9, books: 1 })), [
    'NoMatchingBackends spec.backends',
    'BackendNotFound spec.backends[0].service',
    'BackendNotFound spec.backends[1].service',
  ]);
  const udp = service('books-v1', { port: 53, protocol: 'UDP' });
  assert.deepEqual(reasons(split('books', { 'books-v1': 1 }), udp), ['NoMatchingBackends spec.backends']);
});

test('a root without a TCP port shares nothing, since UDP is not carried (T14)', () => {
  const dns = service('dns', { port: 53, protocol: 'UDP' });
  const other = service('other', { port: 53, protocol: 'UDP' });
  assert.deepEqual(reasons(split('dns', { other: 1 }), dns, other), ['UdpNotCarried spec.service']);
});

test('what is wrong whatever the port is said once for a root with several ports (S2, S5, S9)', () => {
  const root = service('books', { port: 80 });
  const ports = {
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  };
  const wide = { ...root, spec: ports };
  assert.deepEqual(reasons(split('books', { gone: 0, books: 0 }), wide), [
    'AllWeightsZero spec.backends',
    'BackendNotFound spec.backends[0].service',
    'SelfReferentialBackend spec.backends[1].service',
  ]);
});

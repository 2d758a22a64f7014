import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPath } from '@heddle/smi';
import { readAssignedAddress, readEndpointSlice, readEndpoints } from './endpoints.ts';

const metadata = { name: 'books', namespace: 'stock' };

const slice = (fields: object, labels: object = { 'kubernetes.io/service-name': 'books' }) =>
  readEndpointSlice({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: labels as Record<string, string> },
    ...fields,
  });

const endpoints = (subset: unknown) =>
  readEndpoints({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets: [subset] });

const places = (violations: readonly { readonly path: readonly (string | number)[] }[]) =>
  violations.map(({ path }) => formatPath(path));

const assigned = (address: unknown) =>
  readAssignedAddress({ apiVersion: 'heddle.dev/v1alpha1', kind: 'AssignedAddress', metadata, address });

test('an EndpointSlice names its Service by a label; ready unless it says no', () => {
  const fields = {
    ports: [{ name: 'http', port: 8080 }, { name: 'all' }],
    endpoints: [
      { addresses: ['10.1.0.1'], targetRef: { kind: 'Pod', name: 'books-0' } },
      { addresses: ['10.1.0.2'], conditions: { ready: false } },
    ],
  };
  assert.deepEqual(slice(fields, {}), { value: [], violations: [] });
  assert.deepEqual(slice(fields), {
    value: [
      {
        service: 'books',
        ports: [{ name: 'http', number: 8080 }],
        endpoints: [
          { address: '10.1.0.1', ready: true, pod: 'books-0' },
          { address: '10.1.0.2', ready: false, pod: undefined },
        ],
      },
    ],
    violations: [],
  });
});

test('Endpoints have subsets of addresses, ready and not', () => {
  const subset = {
    ports: [{ port: 80 }],
    addresses: [{ ip: '10.1.0.1' }],
    notReadyAddresses: [{ ip: '10.1.0.2' }],
  };
  assert.deepEqual(endpoints(subset), {
    value: [
      {
        service: 'books',
        ports: [{ name: '', number: 80 }],
        endpoints: [
          { address: '10.1.0.1', ready: true, pod: undefined },
          { address: '10.1.0.2', ready: false, pod: undefined },
        ],
      },
    ],
    violations: [],
  });
});

test('ports and addresses that can’t be read are left out and said', () => {
  const { value, violations } = slice({
    ports: [{ port: 0 }, { port: 80, name: 1 }, { port: 80, protocol: 'X' }, { port: 81 }],
    endpoints: [{ addresses: ['books', '10.1.0.1'], conditions: { ready: 'yes' } }, 'none'],
  });
  assert.deepEqual(value, [
    {
      service: 'books',
      ports: [{ name: '', number: 81 }],
      endpoints: [{ address: '10.1.0.1', ready: false, pod: undefined }],
    },
  ]);
  assert.deepEqual(places(violations), [
    'ports[0].port',
    'ports[1].name',
    'ports[2].protocol',
    'endpoints[0].conditions.ready',
    'endpoints[0].addresses[0]',
    'endpoints[1]',
  ]);
  const subset = endpoints({ ports: [{ port: 80.5 }], addresses: [{ ip: '10.1' }, {}, 'x', { ip: '10.1.0.1' }] });
  assert.deepEqual(places(subset.violations), [
    'subsets[0].ports[0].port',
    'subsets[0].addresses[0].ip',
    'subsets[0].addresses[1].ip',
    'subsets[0].addresses[2]',
  ]);
  assert.deepEqual(
    subset.value?.[0]?.endpoints.map(({ address }) => address),
    ['10.1.0.1'],
  );
});

test('host names are no endpoints', () => {
  const { value, violations } = slice({ addressType: 'FQDN', endpoints: [{ addresses: ['books.example.com'] }] });
  assert.deepEqual(value, []);
  assert.deepEqual(places(violations), ['addressType']);
});

test('an address that was given to a name is one', () => {
  assert.deepEqual(assigned('10.96.0.1'), { value: { address: '10.96.0.1' }, violations: [] });
  for (const address of [undefined, '', 'books', 7]) {
    const { value, violations } = assigned(address);
    assert.equal(value, undefined);
    assert.deepEqual(places(violations), ['address']);
  }
});

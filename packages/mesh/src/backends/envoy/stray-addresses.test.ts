import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NamespaceModel } from '../../model/mesh-model.ts';
import type { Service } from '../../model/service.ts';
import { defaultSettings } from '../../model/settings.ts';
import { createStrayAddresses } from './stray-addresses.ts';

const namespaceOf = (name: string, ...addresses: readonly (readonly string[])[]) =>
  [
    name,
    { services: new Map(addresses.map((list, index) => [`s${index}`, { addresses: list } as Service])) },
  ] as unknown as [string, NamespaceModel];

test('addresses outside the ranges of Services are found, sorted, each once', () => {
  const find = createStrayAddresses(defaultSettings);
  const model = new Map([
    namespaceOf('a', ['10.96.0.7'], ['172.20.0.9'], []),
    namespaceOf('b', ['10.100.1.1', 'fd00::1'], ['172.20.0.10'], ['172.20.0.9']),
  ]);
  assert.deepEqual(find(model).services, ['172.20.0.10', '172.20.0.9', 'fd00::1']);
});

test('the list is the same one for as long as nothing in it changes', () => {
  const find = createStrayAddresses(defaultSettings);
  const first = find(new Map([namespaceOf('a', ['172.20.0.9'])]));
  assert.equal(find(new Map([namespaceOf('a', ['172.20.0.9'], ['10.96.0.8'])])), first);
  assert.deepEqual(find(new Map()).services, []);
});

test('ports of pods that headless Services show are found, in the mesh alone', () => {
  const ports = [
    {
      number: 80,
      protocol: 'http',
      outbound: { routes: [] },
      endpoints: [
        { address: '10.244.0.9', port: 8080, workload: 'a/web' },
        { address: '10.244.0.10', port: 8080, workload: 'a/web' },
        { address: '10.244.0.11', port: 8080 },
      ],
    },
  ];
  const service = { name: 's', addresses: [], headless: true, inMesh: true, ports } as unknown as Service;
  const namespace = { services: new Map([['s', service]]) } as unknown as NamespaceModel;
  const strays = createStrayAddresses(defaultSettings)(new Map([['a', namespace]]));
  assert.deepEqual([...strays.pods], [[8080, ['10.244.0.10', '10.244.0.9']]]);
});

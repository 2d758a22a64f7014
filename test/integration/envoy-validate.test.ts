// What is accepted is never refused by Envoy: what is rendered of random policies at the edges of what is accepted passes
// `envoy --mode validate`. Any bytes in a pattern, any name, any number: a NACK would set aside what was called good.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateObjects, validateSets } from '../validation/validate-sets.ts';
import { testEnvoy } from './local-harness.ts';

const envoy = await testEnvoy();

const list = <Item>(length: number, of: (index: number) => Item) => Array.from({ length }, (_, index) => of(index));
const metadata = (name: string) => ({ name, namespace: 'stock' });

test('Envoy takes what is rendered of random policies', { skip: envoy === undefined }, async t => {
  // Always the same here; `npm run soak:validate` draws others.
  const first = 20_260_401;
  for (let batch = 0; batch < 3; batch++) {
    const seeds = Array.from({ length: 50 }, (_, index) => first + batch * 50 + index);
    const { resources, complaints } = await validateSets(envoy ?? '', seeds);
    assert.deepEqual(complaints, []);
    assert.ok(resources > 500);
    t.diagnostic(`${seeds.length} sets, ${resources} resources`);
  }
});

test('Envoy takes callers that stand before their routes together, where there are too many of both', {
  skip: envoy === undefined,
}, async () => {
  const spec = {
    destination: { kind: 'ServiceAccount', name: 'books' },
    sources: list(400, index => ({ kind: 'ServiceAccount', name: `caller-${index}` })),
    rules: [{ kind: 'HTTPRouteGroup', name: 'routes' }],
  };
  const matches = list(400, index => ({ name: `e${index}`, pathRegex: `/e${index}/.*` }));
  const message = await validateObjects(envoy ?? '', [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata('books'), labels: { app: 'books' } },
      spec: { serviceAccountName: 'books', containers: [{ name: 'books' }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('books'),
      spec: { selector: { app: 'books' }, ports: [{ name: 'http', port: 80 }] },
    },
    {
      apiVersion: 'specs.smi-spec.io/v1alpha4',
      kind: 'HTTPRouteGroup',
      metadata: metadata('routes'),
      spec: { matches },
    },
    { apiVersion: 'access.smi-spec.io/v1alpha4', kind: 'TrafficTarget', metadata: metadata('open'), spec },
  ]);
  assert.equal(message, undefined);
});

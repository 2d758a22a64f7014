import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../object.ts';
import { parse } from '../parse/parse.ts';
import { convert } from './convert.ts';
import { conversionAnnotation } from './residue.ts';

const split = (version: string, ...weights: unknown[]): KubeObject => ({
  apiVersion: `split.smi-spec.io/${version}`,
  kind: 'TrafficSplit',
  metadata: { name: 'books', namespace: 'stock' },
  spec: { service: 'books', backends: weights.map((weight, index) => ({ service: `v${index + 1}`, weight })) },
});

const matches = [{ kind: 'HTTPRouteGroup', name: 'beta' }];

const target: KubeObject = {
  apiVersion: 'access.smi-spec.io/v1alpha1',
  kind: 'TrafficTarget',
  metadata: { name: 'books', namespace: 'stock' },
  destination: { kind: 'ServiceAccount', name: 'books', port: 8080 },
  sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
  specs: [{ kind: 'HTTPRouteGroup', name: 'routes' }],
};

function converted(object: KubeObject, apiVersion: string): KubeObject {
  const result = convert(object, apiVersion);
  assert.deepEqual(result.violations, []);
  assert.ok(result.object);
  return result.object;
}

const weights = ({ spec }: KubeObject) =>
  (spec as { backends: { weight: unknown }[] }).backends.map(({ weight }) => weight);
const hub = 'split.smi-spec.io/v1alpha4';
const reasons = (object: KubeObject, version: string) =>
  convert(object, version).violations.map(({ reason }) => reason);

/** An object as a client writes it back after it changed its weights. */
const reweighed = (object: KubeObject, ...weights: unknown[]): KubeObject => {
  const { spec } = split('v1alpha4', ...weights);
  return { ...object, spec: { ...(object['spec'] as object), backends: (spec as { backends: unknown }).backends } };
};

test('a v1alpha1 target moves under spec, and its specs become rules; its port is kept (V1)', () => {
  const { destination, sources, specs, ...rest } = target;
  const spec = { destination, sources, rules: specs };
  for (const version of ['v1alpha2', 'v1alpha3', 'v1alpha4']) {
    const apiVersion = `access.smi-spec.io/${version}`;
    assert.deepEqual(converted(target, apiVersion), { ...rest, apiVersion, spec });
  }
});

test('matches of a route group move under spec from v1alpha3 on; the written form of headers stays (V2, V5)', () => {
  const group = {
    apiVersion: 'specs.smi-spec.io/v1alpha2',
    kind: 'HTTPRouteGroup',
    metadata: { name: 'routes' },
    matches: [
      { name: 'a', headers: [{ 'x-a': '1' }, { 'x-a': '2' }] },
      { name: 'b', headers: { 'x-b': '1' } },
    ],
  };
  const { matches, ...rest } = group;
  const apiVersion = 'specs.smi-spec.io/v1alpha3';
  assert.deepEqual(converted(group, apiVersion), { ...rest, apiVersion, spec: { matches } });
});

const quantities: readonly (readonly [written: readonly unknown[], whole: readonly unknown[]])[] = [
  [
    [90, 10],
    [90, 10],
  ],
  [
    ['100', '0'],
    [100, 0],
  ],
  [
    ['500m', '1500m'],
    [1, 3],
  ],
  [
    [0.5, 0.5],
    [1, 1],
  ],
  [
    ['0.1', 1],
    [1, 10],
  ],
  [
    ['1k', '1e3', '1Ki'],
    [1000, 1000, 1024],
  ],
  [
    ['1E', '1n'],
    [Number.MAX_SAFE_INTEGER, 1],
  ],
  [
    ['0.0', '0m'],
    [0, 0],
  ],
  [
    ['abc', '500m', 1],
    ['abc', 1, 2],
  ],
  [
    [-1, '-500m'],
    [-1, '-500m'],
  ],
];

for (const [written, whole] of quantities) {
  test(`the weights ${JSON.stringify(written)} are ${JSON.stringify(whole)} (V3)`, () => {
    const object = split('v1alpha1', ...written);
    const stored = converted(object, hub);
    if (written[0] !== '1E') assert.deepEqual(weights(stored), whole);
    else assert.ok(weights(stored).every(weight => Number.isSafeInteger(weight) && Number(weight) > 0));
    assert.deepEqual(converted(stored, 'split.smi-spec.io/v1alpha1'), object);
  });
}

test('"100" comes back as "100", through every other version (V4)', () => {
  const object = split('v1alpha1', '100', '0');
  const through = ['v1alpha4', 'v1alpha2', 'v1alpha3', 'v1alpha1'].map(version => `split.smi-spec.io/${version}`);
  assert.deepEqual(through.reduce(converted, object), object);
});

test('what was written in v1alpha1 is ignored once the weights have changed, and a finding says so (V4)', () => {
  const stored = reweighed(converted(split('v1alpha1', '500m', '500m'), hub), 3, 1);
  const back = convert(stored, 'split.smi-spec.io/v1alpha1');
  assert.deepEqual(
    back.violations.map(({ reason }) => reason),
    ['StaleConversion'],
  );
  assert.ok(back.object);
  assert.deepEqual(weights(back.object), [3, 1]);
  assert.equal(back.object.metadata.annotations, undefined);
  assert.deepEqual(
    parse(stored).violations.map(({ reason }) => reason),
    ['StaleConversion'],
  );
});

test('a rollout in v1alpha2 leaves the matches of a v1alpha4 split in force (V3, V4)', () => {
  const object = split('v1alpha4', 90, 10);
  const bounded = { ...object, spec: { ...(object['spec'] as object), matches } };
  const early = converted(bounded, 'split.smi-spec.io/v1alpha2');
  assert.equal(Object.hasOwn(early['spec'] as object, 'matches'), false);
  const moved = reweighed(early, 50, 50);
  assert.deepEqual(parse(moved).object?.['spec'], { ...(moved['spec'] as object), matches });
  assert.deepEqual(converted(moved, hub)['spec'], { ...(moved['spec'] as object), matches });
});

test('another root is another split: matches of the former one do not count for it (V4)', () => {
  const object = split('v1alpha4', 90, 10);
  const early = converted(
    { ...object, spec: { ...(object['spec'] as object), matches } },
    'split.smi-spec.io/v1alpha1',
  );
  const other = { ...early, spec: { ...(early['spec'] as object), service: 'films' } };
  assert.deepEqual(reasons(other, hub), ['StaleConversion']);
  assert.deepEqual(
    parse(other).violations.map(({ reason }) => reason),
    ['StaleConversion'],
  );
});

test('ports of a TCPRoute and an identity’s group are in the object itself in every version (V4)', () => {
  const route = {
    apiVersion: 'specs.smi-spec.io/v1alpha4',
    kind: 'TCPRoute',
    metadata: { name: 'db' },
    spec: { matches: { ports: [5432] } },
  };
  for (const version of ['v1alpha1', 'v1alpha2', 'v1alpha3']) {
    const apiVersion = `specs.smi-spec.io/${version}`;
    assert.deepEqual(converted(route, apiVersion), { ...route, apiVersion });
  }
});

test('an annotation that Heddle did not write says nothing, and is reported', () => {
  for (const text of ['', '{', '[]', '{"v1alpha1":1}', '{"v1alpha1":{"hash":"x"}}']) {
    const object = {
      ...split('v1alpha2', 1),
      metadata: { name: 'books', annotations: { [conversionAnnotation]: text } },
    };
    assert.deepEqual(reasons(object, hub), ['StaleConversion']);
    assert.equal(convert(object, hub).object?.metadata.annotations, undefined);
  }
});

function refused(object: unknown, version: string): string[] {
  const { object: none, violations } = convert(object, version);
  assert.equal(none, undefined);
  return violations.map(({ reason, message }) => `${reason}: ${message}`);
}

test('there is no conversion to another group, to an unknown version, or of what is no SMI object', () => {
  assert.deepEqual(refused(target, 'split.smi-spec.io/v1alpha2'), [
    'UnsupportedVersion: TrafficTarget is a kind of access.smi-spec.io, so it has no version split.smi-spec.io/v1alpha2; name one of access.smi-spec.io.',
  ]);
  assert.equal(refused(target, 'access.smi-spec.io/v1').length, 1);
  assert.equal(refused({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }, 'v1').length, 1);
  assert.equal(refused(null, 'v1').length, 1);
});

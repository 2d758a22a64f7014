import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reviewConversion } from './conversion-review.ts';
import { ReviewError } from './review.ts';

const split = (name: string, weight: unknown = '500m') => ({
  apiVersion: 'split.smi-spec.io/v1alpha1',
  kind: 'TrafficSplit',
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: '7', generation: 2 },
  spec: { service: 'web', backends: [{ service: 'web-v1', weight }] },
});

function review(objects: unknown, desiredAPIVersion: unknown = 'split.smi-spec.io/v1alpha4') {
  return reviewConversion({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'ConversionReview',
    request: { uid: 'r-1', desiredAPIVersion, objects },
  }).response;
}

test('objects come back in their order, with the uid of the request', () => {
  const { uid, convertedObjects, result } = review([split('b'), split('a', 100)]);
  assert.equal(uid, 'r-1');
  assert.deepEqual(result, { status: 'Success' });
  assert.deepEqual(
    convertedObjects.map(object => (object as ReturnType<typeof split>).metadata.name),
    ['b', 'a'],
  );
  assert.ok(convertedObjects.every(object => (object as { apiVersion: string }).apiVersion.endsWith('/v1alpha4')));
});

test('no metadata but annotations and labels differ: the API server refuses what changes another (V4)', () => {
  const [converted] = review([split('a')]).convertedObjects as [ReturnType<typeof split>];
  const { annotations, ...rest } = converted.metadata as Record<string, unknown>;
  assert.deepEqual(rest, split('a').metadata);
  assert.deepEqual(Object.keys(annotations as object), ['heddle.dev/conversion']);
  const [back] = review([converted], 'split.smi-spec.io/v1alpha1').convertedObjects;
  assert.deepEqual(back, split('a'));
});

test('a failure names the object and why, and none is converted', () => {
  const foreign = { ...split('odd'), apiVersion: 'apps/v1' };
  const { convertedObjects, result } = review([split('a'), foreign]);
  assert.deepEqual(convertedObjects, []);
  assert.equal(result.status, 'Failure');
  assert.match('message' in result ? result.message : '', /^TrafficSplit shop\/odd: TrafficSplit of apps\/v1 is /);
});

test('what has no name yet is converted, and gets none', () => {
  const { name: _, ...metadata } = split('x').metadata;
  const [converted] = review([{ ...split('x'), metadata: { ...metadata, generateName: 'x-' } }]).convertedObjects;
  const made = (converted as { metadata: Record<string, unknown> }).metadata;
  assert.equal(made['name'], undefined);
  assert.equal(made['generateName'], 'x-');
});

test('no objects are none', () => {
  assert.deepEqual(review([]).convertedObjects, []);
});

test('what is no review is refused as that', () => {
  for (const body of [null, [], 'x', {}, { apiVersion: 'apiextensions.k8s.io/v1beta1', kind: 'ConversionReview' }]) {
    assert.throws(() => reviewConversion(body), ReviewError);
  }
  assert.throws(() => review('x'), ReviewError);
  assert.throws(() => review([], 4), ReviewError);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultInjection } from '../inject/settings.ts';
import { injectAdmission } from './inject-admission.ts';
import { jsonPatch } from './json-patch.ts';

const marks = { labels: { 'heddle.dev/mesh': 'heddle' }, annotations: {} };
const injector = { settings: () => defaultInjection('1'), namespace: async () => marks };
const ask = (pod: object) =>
  injectAdmission(
    { operation: 'CREATE', namespace: 'shop', object: { apiVersion: 'v1', kind: 'Pod', ...pod } },
    injector,
  );

test('the patch of a pod adds what the sidecar takes, and nothing else', async () => {
  const { patch = [], refusal } = await ask({
    metadata: { generateName: 'web-' },
    spec: { containers: [{ name: 'app' }] },
  });
  assert.equal(refusal, undefined);
  assert.deepEqual(
    patch.map(({ op, path }) => `${op} ${path}`),
    ['add /metadata/annotations', 'add /spec/initContainers', 'add /spec/volumes'],
  );
});

test('annotations that there are stay', async () => {
  const { patch = [] } = await ask({ metadata: { annotations: { a: 'b' } }, spec: { containers: [{ name: 'app' }] } });
  assert.equal(patch[0]?.path, '/metadata/annotations/heddle.dev~1injected');
});

test('a bad annotation refuses the pod with a sentence', async () => {
  const annotations = { 'heddle.dev/inject': 'perhaps' };
  const { refusal } = await ask({ metadata: { annotations }, spec: { containers: [{ name: 'app' }] } });
  assert.equal(refusal?.code, 422);
  assert.match(refusal?.message ?? '', /^The annotation heddle\.dev\/inject must be one of/);
});

test('a pod that stays out is not touched', async () => {
  assert.deepEqual(await ask({ metadata: {}, spec: { hostNetwork: true, containers: [] } }), {});
});

test('a JSON patch goes into maps and replaces the rest', () => {
  assert.deepEqual(jsonPatch({ a: { 'b/c': 1, d: [1], gone: 0 } }, { a: { 'b/c': 2, d: [1, 2] }, e: null }), [
    { op: 'remove', path: '/a/gone' },
    { op: 'replace', path: '/a/b~1c', value: 2 },
    { op: 'replace', path: '/a/d', value: [1, 2] },
    { op: 'add', path: '/e', value: null },
  ]);
});

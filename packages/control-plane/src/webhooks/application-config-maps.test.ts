import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompiler, ResourceStore } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { applicationConfigMaps } from './application-config-maps.ts';

const pod = (name: string, serviceAccountName: string, annotations = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'shop', name, labels: { app: name }, annotations },
  spec: { serviceAccountName, containers: [{ name: 'app' }] },
  status: { podIP: '10.0.0.1', phase: 'Running' },
});

function mapsOf(objects: readonly KubeObject[], annotations: Readonly<Record<string, string>> = {}) {
  const set = new ResourceStore().apply({ upserts: objects.map(object => ({ object })), removals: [] });
  const model = createCompiler()(set);
  return applicationConfigMaps({ model, annotationsOf: () => annotations, content: ({ key }) => key }).map(
    ({ namespace, name, data }) => `${namespace}/${name}: ${data['config.yaml']}`,
  );
}

test('who asks is told, by service account; of several the first by name', () => {
  const asks = { 'heddle.dev/app-config': 'enabled' };
  const objects = [pod('b', 'web', asks), pod('a', 'web', asks), pod('c', 'other')];
  assert.deepEqual(mapsOf(objects), ['shop/heddle-app-config-web: shop/a']);
});

test('a namespace asks for all its pods, but for those that say otherwise', () => {
  const objects = [pod('a', 'web'), pod('b', 'other', { 'heddle.dev/app-config': 'no' })];
  assert.deepEqual(mapsOf(objects, { 'heddle.dev/app-config': 'yes' }), ['shop/heddle-app-config-web: shop/a']);
});

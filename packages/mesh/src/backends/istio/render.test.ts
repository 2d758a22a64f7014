import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { createCompiler } from '../../compile/compile.ts';
import { defaultSettings } from '../../model/settings.ts';
import { ResourceStore } from '../../store/resource-store.ts';
import { renderIstio } from './render.ts';

/** A pod in the mesh, by its labels, with annotations. */
function pod(name: string, annotations: Readonly<Record<string, string>> = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'stock', labels: { app: name }, annotations },
    spec: { serviceAccountName: name, containers: [{ name, image: name }] },
    status: { podIP: '10.0.0.1' },
  };
}

function render(...objects: readonly KubeObject[]): Record<string, unknown> {
  const store = new ResourceStore();
  store.configure(defaultSettings);
  const set = store.apply({ upserts: objects.map(object => ({ object })), removals: [] });
  const { output, findings } = renderIstio(createCompiler()(set));
  assert.deepEqual(findings, []);
  return Object.fromEntries(
    output.map(({ object: { kind, metadata, ...rest } }) => [
      `${kind} ${metadata.name}${metadata.annotations === undefined ? '' : ' (dry run)'}`,
      rest['spec'],
    ]),
  );
}

test('nothing but denial and mutual TLS where nobody wrote policy (T1, I2)', () => {
  assert.deepEqual(render(pod('books')), {
    'AuthorizationPolicy heddle-deny-by-default': {},
    'PeerAuthentication default': { mtls: { mode: 'STRICT' } },
  });
});

test('workloads in modes of their own are selected by their labels (I4)', () => {
  const made = render(
    pod('books'),
    pod('toys', { 'heddle.dev/policy': 'audit', 'heddle.dev/mtls': 'permissive' }),
    pod('maps', { 'heddle.dev/policy': 'allow-all' }),
  );
  assert.deepEqual(made, {
    'AuthorizationPolicy heddle-deny-by-default.books': { selector: { matchLabels: { app: 'books' } } },
    'AuthorizationPolicy heddle-deny-by-default.toys (dry run)': { selector: { matchLabels: { app: 'toys' } } },
    'PeerAuthentication default': { mtls: { mode: 'STRICT' } },
    'PeerAuthentication toys': { selector: { matchLabels: { app: 'toys' } }, mtls: { mode: 'PERMISSIVE' } },
  });
});

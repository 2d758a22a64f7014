import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SourceObject } from '@heddle/smi';
import { findingsOf } from '../model/mesh-model.ts';
import { defaultSettings } from '../model/settings.ts';
import { ResourceStore } from '../store/resource-store.ts';
import { createCompiler } from './compile.ts';
import { startSettings } from './settings.ts';

function config(spec: object, name = 'mesh'): SourceObject {
  return { object: { apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name }, spec } };
}

const service: SourceObject = {
  object: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'books', namespace: 'stock' },
    spec: { clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }] },
  },
};

/** A mesh whose MeshConfig is written anew, again and again. */
function setUp() {
  const store = new ResourceStore();
  const compile = createCompiler();
  store.apply({ upserts: [service], removals: [] });
  const put = (...upserts: SourceObject[]) => compile(store.apply({ upserts, removals: [] }));
  const remove = () => {
    const ref = { apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', namespace: '', name: 'mesh' };
    return compile(store.apply({ upserts: [], removals: [ref] }));
  };
  return { store, put, remove };
}

test('a MeshConfig is laid over the settings of the program, and gone with it', () => {
  const { store, put, remove } = setUp();
  store.configure({ ...defaultSettings, egress: 'deny', certificates: { lifetime: '1h' } });
  const { settings } = put(config({ policy: 'audit', certificates: {}, sidecar: { logLevel: 'debug' } }));
  const { policy, egress, certificates, sidecar } = settings;
  assert.deepEqual(
    [policy, egress, certificates, sidecar],
    ['audit', 'deny', { lifetime: '1h' }, { logLevel: 'debug' }],
  );
  assert.equal(remove().settings, store.current().settings);
  assert.equal(remove().settingsOrigin, undefined);
});

test('equal settings are the same object, and so is all that was made with them', () => {
  const { put } = setUp();
  const before = put();
  const same = put(config({ mtls: 'strict', limits: { requests: 10_000 } }));
  assert.equal(same.settings, before.settings);
  assert.equal(same.namespaces.get('stock'), before.namespaces.get('stock'));
  const changed = put(config({ mtls: 'permissive' }));
  assert.equal(changed.settings.mtls, 'permissive');
  assert.equal(put(config({ mtls: 'permissive', policy: 'enforce' })).settings, changed.settings);
});

test('one with a mistake leaves the last good one in force; the first one counts as far as it can be read', () => {
  const { put } = setUp();
  assert.equal(put(config({ egress: 'yes', policy: 'audit' })).settings.egress, 'deny');
  assert.equal(put(config({ policy: 'allow-all' })).settings.policy, 'allow-all');
  const model = put(config({ policy: 'audti', egress: 'deny' }));
  assert.deepEqual([model.settings.policy, model.settings.egress], ['allow-all', 'allow']);
  assert.deepEqual(
    findingsOf(model).map(({ reason, field }) => [reason, field]),
    [['InvalidField', 'spec.policy']],
  );
});

test('a second one is refused, and changes nothing', () => {
  const { put } = setUp();
  const model = put(config({ policy: 'audit' }), config({ policy: 'allow-all' }, 'other'));
  assert.equal(model.settings.policy, 'audit');
  assert.deepEqual(
    findingsOf(model).map(({ field, object }) => [field, object?.name]),
    [['metadata.name', 'other']],
  );
});

test('domains are those of the start, and a finding says that others wait for the next one', () => {
  const { store, put } = setUp();
  const written = config({ trustDomain: 'example.org', clusterDomain: 'cluster.local', policy: 'audit' });
  const model = put(written);
  assert.deepEqual([model.settings.trustDomain, model.settings.policy], ['cluster.local', 'audit']);
  assert.deepEqual(
    findingsOf(model).map(({ reason, field, message }) => [reason, field, message]),
    [
      [
        'TakesEffectAtRestart',
        'spec.trustDomain',
        'trustDomain is "cluster.local" as long as this mesh runs; restart it to have "example.org".',
      ],
    ],
  );
  const restarted = startSettings(defaultSettings, [service, written]);
  assert.deepEqual([restarted.trustDomain, restarted.policy], ['example.org', 'enforce']);
  store.configure(restarted);
  assert.deepEqual(findingsOf(put()), []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompiler, findingsOf, ResourceStore } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { meshStatus } from './mesh-status.ts';
import { Transitions } from './transitions.ts';

const object = (apiVersion: string, kind: string, name: string, spec: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'stock' },
  spec,
});

const split = (weight: number): KubeObject =>
  object('split.smi-spec.io/v1alpha4', 'TrafficSplit', 'split', {
    service: 'books',
    backends: [{ service: 'books-v1', weight }],
  });

/** The objects of a mesh to which these were delivered one after the other. */
function statusOf(...objects: KubeObject[]) {
  const store = new ResourceStore();
  for (const one of objects) store.apply({ upserts: [{ object: one }], removals: [] });
  const set = store.current();
  const model = createCompiler()(set);
  const state = { revision: 1, model, held: set.held, findings: () => findingsOf(model) };
  const { objects: statuses } = meshStatus({
    state,
    failing: [],
    sidecars: [],
    output: { sidecars: new Map() },
    rejections: [],
    refusals: [],
    authority: { issuer: 'a', trusted: ['a'] },
    nodes: [],
    frontDoor: undefined,
    unready: [],
    lastChange: null,
    since: new Date(0),
    remarks: [],
    transitions: new Transitions(() => new Date(0)),
  });
  return statuses.map(({ kind, accepted, reasons }) => [kind, accepted, ...reasons]);
}

test('an object of which nothing was ever in force is not accepted', () => {
  assert.deepEqual(statusOf(object('specs.smi-spec.io/v9', 'HTTPRouteGroup', 'routes')), [
    ['HTTPRouteGroup', false, 'UnsupportedVersion'],
  ]);
});

test('an object is not accepted once a later version is refused, and is again once that is mended', () => {
  const missing = ['NoMatchingBackends', 'BackendNotFound'];
  assert.deepEqual(statusOf(split(1)), [['TrafficSplit', true, ...missing]]);
  assert.deepEqual(statusOf(split(1), split(-1)), [['TrafficSplit', false, ...missing, 'InvalidWeight']]);
  assert.deepEqual(statusOf(split(1), split(-1), split(2)), [['TrafficSplit', true, ...missing]]);
});

test('policy that has no effect yet says so; what is no policy is not listed', () => {
  const metrics = { ...object('metrics.smi-spec.io/v1alpha1', 'TrafficMetrics', 'books'), resource: { kind: 'Pod' } };
  assert.deepEqual(statusOf(metrics, object('v1', 'Service', 'books')), [
    ['TrafficMetrics', true, 'NoEffectYet', 'UnknownField'],
  ]);
});

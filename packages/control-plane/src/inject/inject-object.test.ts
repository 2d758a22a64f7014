import assert from 'node:assert/strict';
import { test } from 'node:test';
import { injectObject } from './inject-object.ts';
import { defaultInjection } from './settings.ts';

const settings = defaultInjection('1');
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app' }] } };

test('every kind that makes pods is injected where it describes them, and nothing else of it differs', () => {
  for (const kind of ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'ReplicationController', 'Job']) {
    const object = { kind, metadata: { name: 'web' }, spec: { replicas: 2, template } };
    const { object: made, injection } = injectObject(object, settings) ?? {};
    assert.equal(injection?.kind, 'injected');
    const spec = made?.['spec'] as typeof object.spec;
    assert.equal(spec.replicas, 2);
    assert.deepEqual(spec.template.metadata, {
      labels: { app: 'web' },
      annotations: { 'heddle.dev/injected': '1' },
    });
    assert.deepEqual(spec.template.spec.containers, template.spec.containers);
    assert.equal(injectObject(made ?? {}, settings)?.injection.kind, 'left');
  }
});

test('a CronJob, and a pod by itself', () => {
  const cron = { kind: 'CronJob', metadata: {}, spec: { jobTemplate: { spec: { template } } } };
  assert.equal(injectObject(cron, settings)?.injection.kind, 'injected');
  assert.equal(injectObject(cron, { ...settings, nativeSidecars: false })?.injection.kind, 'left');
  assert.equal(injectObject({ kind: 'Pod', ...template }, settings)?.injection.kind, 'injected');
});

test('what makes no pods is none of its business', () => {
  assert.equal(injectObject({ kind: 'Service', spec: {} }, settings), undefined);
  assert.equal(injectObject({ kind: 'toString' }, settings), undefined);
});

test('what runs in kube-system is left alone', () => {
  const object = { kind: 'DaemonSet', metadata: { namespace: 'kube-system' }, spec: { template } };
  assert.equal(injectObject(object, settings)?.injection.kind, 'left');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@heddle/smi';
import { type PodEnd, type Replica, replicasOf } from './replicas.ts';

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', env: [] }] } };

function replicas(kind: string, spec: object, ends: Record<string, PodEnd> = {}): readonly Replica[] {
  const object = { apiVersion: 'v1', kind, metadata: { name: 'a' }, spec: { template, ...spec } } satisfies KubeObject;
  return replicasOf(object, pod => ends[pod]);
}

const names = (...rest: Parameters<typeof replicas>) => replicas(...rest).map(({ name }) => name);

test('each kind has its pods', () => {
  assert.deepEqual(names('Deployment', { replicas: 2 }), ['a-0', 'a-1']);
  assert.deepEqual(names('DaemonSet', { replicas: 2 }), ['a-0']);
  assert.deepEqual(names('StatefulSet', { replicas: 2, ordinals: { start: 5 } }), ['a-5', 'a-6']);
  assert.deepEqual(names('Job', {}), ['a-0']);
});

test('a pod of a StatefulSet has its name in DNS, its marks, and a volume for each claim', () => {
  const claim = { metadata: { name: 'data' }, spec: {} };
  const [pod] = replicas('StatefulSet', { serviceName: 'peers', volumeClaimTemplates: [claim] });
  assert.deepEqual(pod, {
    name: 'a-0',
    labels: { 'statefulset.kubernetes.io/pod-name': 'a-0', 'apps.kubernetes.io/pod-index': '0' },
    spec: {
      ...template.spec,
      hostname: 'a-0',
      subdomain: 'peers',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-a-0' } }],
    },
  });
});

test('a Job has so many pods at a time, and keeps those that have ended', () => {
  const spec = { completions: 4, parallelism: 2 };
  assert.deepEqual(names('Job', spec), ['a-0', 'a-1']);
  assert.deepEqual(names('Job', spec, { 'a-0': 'Succeeded' }), ['a-0', 'a-1', 'a-2']);
  assert.deepEqual(names('Job', spec, { 'a-1': 'Succeeded', 'a-0': 'Failed' }), ['a-0', 'a-1', 'a-2', 'a-3']);
  assert.deepEqual(names('Job', { parallelism: 3 }), ['a-0', 'a-1', 'a-2']);
  assert.deepEqual(names('Job', { suspend: true }, { 'a-0': 'Succeeded' }), ['a-0']);
  assert.deepEqual(names('Job', { suspend: true }), []);
});

test('a pod of a Job bears its name, and one of an indexed Job knows which completion it is', () => {
  const marks = { 'job-name': 'a', 'batch.kubernetes.io/job-name': 'a' };
  assert.deepEqual(replicas('Job', {})[0], { name: 'a-0', labels: marks, spec: template.spec });
  const [, second] = replicas('Job', { completions: 2, parallelism: 2, completionMode: 'Indexed' });
  const index = { 'batch.kubernetes.io/job-completion-index': '1' };
  assert.deepEqual(second?.labels, { ...marks, ...index });
  assert.deepEqual(second?.annotations, index);
  const env = [{ name: 'JOB_COMPLETION_INDEX', value: '1' }];
  assert.deepEqual(second?.spec, { containers: [{ name: 'main', env }] });
});

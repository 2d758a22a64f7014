import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unhonouredFields } from './unhonoured.ts';

test('fields without effect are listed once each, in order', () => {
  const spec = {
    serviceAccountName: 'web',
    hostNetwork: true,
    securityContext: {},
    initContainers: [{ name: 'init' }],
    containers: [
      { name: 'a', image: 'web:1', command: ['web'], resources: { limits: { cpu: 1 } } },
      {
        name: 'b',
        image: 'b:1',
        env: [{ name: 'N', valueFrom: { resourceFieldRef: {}, secretKeyRef: { name: 's' } } }],
      },
    ],
    volumes: [
      { name: 'v', persistentVolumeClaim: { claimName: 'x' } },
      { name: 'w', emptyDir: { sizeLimit: '1Mi' } },
    ],
  };
  assert.deepEqual(unhonouredFields(spec), [
    'containers[].image',
    'containers[].resources',
    'hostNetwork',
    'initContainers',
    'volumes[].emptyDir.sizeLimit',
    'volumes[].persistentVolumeClaim',
  ]);
});

test('what is no pod spec has no fields', () => {
  for (const spec of [null, undefined, 'x', 7, {}]) assert.deepEqual(unhonouredFields(spec), []);
});

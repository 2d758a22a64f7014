import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings, heldObjects, ResourceStore } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { answerAdmission, readAdmission } from './admission-review.ts';
import { Rehearsal } from './rehearsal.ts';
import { validateObject } from './validate-object.ts';

const service = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'shop', name },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

const split = (backends: unknown, service = 'web'): KubeObject => ({
  apiVersion: 'split.smi-spec.io/v1alpha2',
  kind: 'TrafficSplit',
  metadata: { namespace: 'shop', name: 'web' },
  spec: { service, backends },
});

const settings = () => defaultSettings;

function webhook(objects: readonly KubeObject[]) {
  const store = new ResourceStore();
  let set = store.apply({ upserts: objects.map(object => ({ object })), removals: [] });
  const rehearsal = new Rehearsal(() => ({ objects: () => heldObjects(set), settings: settings() }));
  return {
    put: (object: KubeObject) => {
      set = store.apply({ upserts: [{ object }], removals: [] });
    },
    ask: (object: KubeObject, before?: KubeObject) =>
      validateObject(
        { operation: before ? 'UPDATE' : 'CREATE', namespace: 'shop', object, ...(before && { before }) },
        { rehearsal, settings },
      ),
  };
}

test('what is right is admitted without a word', () => {
  const { ask } = webhook([service('web'), service('web-v1')]);
  assert.deepEqual(ask(split([{ service: 'web-v1', weight: 1 }])), { warnings: [] });
});

test('what can never be valid is refused, with everything that is wrong', () => {
  const { refusal } = webhook([]).ask(split([{ service: 'a', weight: -1 }, { weight: 1.5 }], 'web.other'));
  assert.equal(refusal?.code, 422);
  assert.deepEqual(
    refusal?.causes?.map(({ reason, field }) => [reason, field]),
    [
      ['InvalidWeight', 'spec.backends[0].weight'],
      ['InvalidField', 'spec.backends[1].service'],
      ['InvalidWeight', 'spec.backends[1].weight'],
      ['NamespaceMismatch', 'spec.service'],
    ],
  );
  assert.equal(refusal?.message.split('\n').length, 4);
});

test('what may become valid is a warning, and none once it is (S5)', () => {
  const { ask, put } = webhook([service('web')]);
  const { warnings = [] } = ask(split([{ service: 'web-v1', weight: 1 }]));
  assert.match(warnings[1] ?? '', /^spec\.backends\[0\].*\(BackendNotFound, SMI2001\)$/);
  put(service('web-v1'));
  assert.deepEqual(ask(split([{ service: 'web-v1', weight: 1 }])).warnings, []);
});

test('a rehearsal leaves no trace', () => {
  const { ask, put } = webhook([service('web'), service('web-v1')]);
  const good = split([{ service: 'web-v1', weight: 1 }]);
  put(good);
  assert.ok(ask(split([{ service: 'none', weight: 1 }])).warnings?.length);
  assert.ok(ask(split([{ service: 'web-v1', weight: -1 }])).refusal);
  assert.deepEqual(ask(good), { warnings: [] });
});

test('what is stored already and wrong can be labelled and deleted, but not made worse', () => {
  const { ask } = webhook([service('web')]);
  const stored = split([{ service: 'web-v1', weight: -1 }]);
  const labelled = { ...stored, metadata: { ...stored.metadata, labels: { a: 'b' } } };
  const { refusal, warnings } = ask(labelled, stored);
  assert.equal(refusal, undefined);
  assert.match(warnings?.[0] ?? '', /InvalidWeight/);
  assert.ok(ask(split([{ service: 'web-v1', weight: -2 }]), stored).refusal);
});

test('kinds that are none of ours pass', () => {
  assert.deepEqual(webhook([]).ask(service('x')), {});
});

test('before anything is known of the cluster an object is judged by itself', () => {
  const rehearsal = new Rehearsal(() => undefined);
  const judge = { rehearsal, settings };
  const ask = (object: KubeObject) => validateObject({ operation: 'CREATE', namespace: 'shop', object }, judge);
  assert.deepEqual(ask(split([{ service: 'web-v1', weight: 1 }])), { warnings: [] });
  assert.ok(ask(split([])).refusal);
});

test('the envelope carries uid, status, warnings and patch', () => {
  const { uid, request } = readAdmission({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', operation: 'CREATE', namespace: 'shop', object: { kind: 'Pod' } },
  });
  assert.deepEqual(request, { operation: 'CREATE', namespace: 'shop', object: { kind: 'Pod' } });
  assert.deepEqual(answerAdmission(uid, { patch: [{ op: 'add', path: '/a', value: 1 }] }).response, {
    uid: 'u',
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from('[{"op":"add","path":"/a","value":1}]').toString('base64'),
  });
  const refusal = { code: 400, reason: 'BadRequest', message: 'No.', causes: [{ reason: 'r', message: 'm' }] };
  assert.deepEqual(answerAdmission(uid, { refusal }).response, {
    uid: 'u',
    allowed: false,
    status: {
      status: 'Failure',
      code: 400,
      reason: 'BadRequest',
      message: 'No.',
      details: { causes: [{ reason: 'r', message: 'm' }] },
    },
  });
  const many = Array.from({ length: 30 }, () => 'x'.repeat(200));
  assert.equal((answerAdmission(uid, { warnings: many }).response['warnings'] as string[]).length, 10);
});

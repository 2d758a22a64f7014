import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { splitCertificates } from './authority-pem.ts';
import { readServing, renewServing, type ServingIdentity, writeServing } from './serving-certificate.ts';

const names = ['mesh-controller.heddle-system.svc', 'mesh-controller.heddle-system.svc.cluster.local'];
const start = new Date('2026-01-01T00:00:00Z');
const after = (days: number): Date => new Date(start.getTime() + days * 24 * 3_600_000);

function isTrusted({ serving, trustBundlePem }: ServingIdentity): boolean {
  const leaf = new X509Certificate(serving.certificatePem);
  return splitCertificates(trustBundlePem).some(pem => {
    const root = new X509Certificate(pem);
    return leaf.checkIssued(root) && leaf.verify(root.publicKey);
  });
}

test('the first certificate has the names, and is signed by what clients are told to trust', () => {
  const made = renewServing(undefined, names, start);
  const leaf = new X509Certificate(made.serving.certificatePem);
  assert.ok(names.every(name => leaf.checkHost(name)));
  assert.equal(leaf.ca, false);
  assert.ok(isTrusted(made));
});

test('what is fresh is not made again, and what is not is renewed by the same authority', () => {
  const made = renewServing(undefined, names, start);
  assert.equal(renewServing(made, names, after(50)), made);
  const renewed = renewServing(made, names, after(61));
  assert.notEqual(renewed.serving.certificatePem, made.serving.certificatePem);
  assert.equal(renewed.trustBundlePem, made.trustBundlePem);
  assert.ok(isTrusted(renewed));
});

test('a name that is missing is reason enough', () => {
  const made = renewServing(undefined, names.slice(0, 1), start);
  const renewed = renewServing(made, names, after(1));
  assert.ok(new X509Certificate(renewed.serving.certificatePem).checkHost(names[1] ?? ''));
});

test('whoever trusts the bundle of one moment trusts the server up to its next renewal, authorities exchanged', () => {
  let identity = renewServing(undefined, names, start);
  const authorities = new Set<string>();
  for (let days = 0; days <= 3 * 365; days += 1) {
    const next = renewServing(identity, names, after(days));
    assert.ok(isTrusted({ ...next, trustBundlePem: identity.trustBundlePem }), `day ${days}`);
    identity = next;
    authorities.add(identity.authorities[0]?.certificatePem ?? '');
  }
  assert.ok(authorities.size >= 2);
  assert.ok(splitCertificates(identity.trustBundlePem).length <= 3);
});

test('expired, or not valid yet: everything anew', () => {
  const made = renewServing(undefined, names, start);
  for (const now of [after(4000), after(-20)]) {
    const anew = renewServing(made, names, now);
    assert.notEqual(anew.trustBundlePem, made.trustBundlePem);
    assert.ok(isTrusted(anew));
    const { validFromDate, validToDate } = new X509Certificate(anew.serving.certificatePem);
    assert.ok(validFromDate <= now && now < validToDate);
  }
});

test('it survives its Secret; what is damaged does not count', () => {
  const made = renewServing(undefined, names, start);
  const data = writeServing(made);
  assert.deepEqual(readServing(data), made);
  assert.equal(readServing({}), undefined);
  assert.equal(readServing({ ...data, 'tls.crt': 'x' }), undefined);
  assert.equal(
    readServing({ ...data, 'tls.key': writeServing(renewServing(undefined, names, start))['tls.key'] ?? '' }),
    undefined,
  );
  assert.doesNotMatch(JSON.stringify(made), /BEGIN PRIVATE KEY/);
});

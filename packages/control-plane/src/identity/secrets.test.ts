import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { encode } from '../xds/encode.ts';
import type { AuthorityPem } from './authority-pem.ts';
import { CertificateAuthority, type ServiceAccount } from './ca.ts';
import { type SdsSecret, WorkloadSecrets } from './secrets.ts';

const hour = 3_600_000;
const buyer = { namespace: 'bookstore', serviceAccount: 'bookbuyer' };
const thief = { namespace: 'bookstore', serviceAccount: 'bookthief' };

/** Secrets under a clock that stands still until it is moved. */
function start(at = 0, pem?: AuthorityPem) {
  const clock = { ms: Date.UTC(2026, 2, 1) + at };
  const now = () => new Date(clock.ms);
  const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now, ...(pem && { pem }) });
  const renewed: ServiceAccount[] = [];
  const random = { value: 0.5 };
  const onRenewed = (identities: readonly ServiceAccount[]) => renewed.push(...identities);
  const secrets = new WorkloadSecrets({ authority, now, onRenewed, random: () => random.value });
  return { clock, authority, renewed, random, secrets };
}

const version = (secret: SdsSecret) => encode('secret', secret.resource, secret.versioning).version;

test('an identity keeps its certificate, the same object, and has none of another', () => {
  const { secrets } = start();
  const secret = secrets.certificate(buyer);
  assert.equal(secrets.certificate({ ...buyer }), secret);
  assert.notEqual(secrets.certificate(thief), secret);
  assert.equal(secret.resource.name, 'workload-certificate');
  const leaf = new X509Certificate(secret.resource.tlsCertificate?.certificateChain?.inlineString ?? '');
  assert.equal(leaf.subjectAltName, 'URI:spiffe://cluster.local/ns/bookstore/sa/bookbuyer');
});

test('the trust bundle is the root', () => {
  const { secrets, authority } = start();
  const bundle = encode('secret', secrets.trustBundle.resource, secrets.trustBundle.versioning);
  assert.equal(bundle.name, 'trust-bundle');
  assert.equal(secrets.trustBundle.resource.validationContext?.trustedCa?.inlineString, authority.trustBundlePem);
});

test('renews between half and two thirds of a life, as chance has it', () => {
  const { secrets, clock, renewed, random } = start();
  random.value = 0;
  const early = secrets.certificate(buyer);
  random.value = 0.999;
  const late = secrets.certificate(thief);
  secrets.renew();
  clock.ms += 12 * hour - 1;
  secrets.renew();
  assert.deepEqual(renewed.splice(0), []);
  clock.ms += 1;
  secrets.renew();
  assert.deepEqual(renewed.splice(0), [buyer]);
  assert.notEqual(version(secrets.certificate(buyer)), version(early));
  assert.equal(secrets.certificate(thief), late);
  clock.ms += 4 * hour;
  secrets.renew();
  assert.deepEqual(renewed, [thief]);
});

test('what is not retained is forgotten, and never renewed', () => {
  const { secrets, clock, renewed } = start();
  const before = secrets.certificate(thief);
  secrets.certificate(buyer);
  secrets.retain([buyer]);
  clock.ms += 20 * hour;
  secrets.renew();
  assert.deepEqual(renewed, [buyer]);
  assert.notEqual(secrets.certificate(thief), before);
});

test('after a restart with the same root a young certificate may stay, an old one may not', () => {
  const first = start();
  const had = version(first.secrets.certificate(buyer));
  const after = (ms: number) => start(ms, first.authority.pem()).secrets.certificate(buyer).versioning;
  assert.equal(after(hour)?.accepts(had), true);
  assert.equal(after(12 * hour)?.accepts(had), false);
  assert.equal(start(hour).secrets.certificate(buyer).versioning?.accepts(had), false);
});

test('a shorter life counts at once, a longer one from the next renewal, and after a restart nobody keeps a longer one', () => {
  const { secrets, clock, renewed, random, authority } = start();
  random.value = 0;
  const day = secrets.certificate(buyer);
  secrets.setLifetime(hour);
  const short = secrets.certificate(buyer);
  const leaf = new X509Certificate(short.resource.tlsCertificate?.certificateChain?.inlineString ?? '');
  assert.equal(leaf.validToDate.getTime(), clock.ms + hour);
  const restarted = start(60_000, authority.pem());
  restarted.secrets.setLifetime(hour);
  const { versioning } = restarted.secrets.certificate(buyer);
  assert.deepEqual([versioning?.accepts(version(day)), versioning?.accepts(version(short))], [false, true]);
  secrets.setLifetime(48 * hour);
  assert.equal(secrets.certificate(buyer), short);
  clock.ms += hour / 2;
  secrets.renew();
  assert.deepEqual(renewed, [buyer]);
  assert.ok(version(secrets.certificate(buyer)).endsWith(String((clock.ms + 48 * hour) / 1000)));
});

test('runs until its signal aborts', async () => {
  const { secrets } = start();
  const abort = new AbortController();
  const running = secrets.run(abort.signal);
  abort.abort();
  await running;
});

test('no key shows in a secret, however it is shown, but it is in the bytes', () => {
  const { secrets } = start();
  const secret = secrets.certificate(buyer);
  const encoded = encode('secret', secret.resource, secret.versioning);
  for (const value of [secret, encoded, secrets]) {
    assert.doesNotMatch(inspect(value, { depth: 9, showHidden: true }), /PRIVATE KEY/);
    assert.doesNotMatch(JSON.stringify(value), /PRIVATE KEY/);
  }
  assert.match(Buffer.from(encoded.bytes).toString('latin1'), /PRIVATE KEY/);
  assert.doesNotMatch(inspect(encoded) + JSON.stringify(encoded), /bytes/);
});

const now = () => new Date(Date.UTC(2026, 2, 1));

test('another authority brings another bundle, and where another certificate signs, other certificates', () => {
  const { secrets, authority, renewed } = start();
  const [certificate, bundle] = [secrets.certificate(buyer), secrets.trustBundle];
  const next = new CertificateAuthority({ trustDomain: 'cluster.local', now });
  const make = (pem: AuthorityPem) => new CertificateAuthority({ trustDomain: 'cluster.local', now, pem });
  const both = [make({ ...authority.pem(), alsoTrusted: [next.trustBundlePem] })];
  both.push(make({ ...next.pem(), alsoTrusted: [authority.trustBundlePem] }));
  secrets.replaceAuthority(both[0] ?? next);
  assert.equal(secrets.certificate(buyer), certificate);
  assert.deepEqual(renewed, []);
  const trustsBoth = secrets.trustBundle;
  assert.notEqual(trustsBoth, bundle);
  secrets.replaceAuthority(both[1] ?? next);
  assert.equal(secrets.trustBundle, trustsBoth, 'the same roots, whoever signs');
  assert.notEqual(secrets.certificate(buyer), certificate);
  assert.equal(secrets.certificate(buyer).versioning?.accepts(version(certificate)), false);
  assert.deepEqual(renewed, [buyer]);
});

test('a clock that is set past the end of certificates, or back before their beginning, brings new ones', () => {
  const { secrets, clock, renewed } = start();
  secrets.certificate(buyer);
  for (const step of [30 * hour, -20 * hour]) {
    clock.ms += step;
    secrets.renew();
    assert.deepEqual(renewed.splice(0), [buyer]);
    const leaf = new X509Certificate(
      secrets.certificate(buyer).resource.tlsCertificate?.certificateChain?.inlineString ?? '',
    );
    assert.ok(leaf.validFromDate.getTime() <= clock.ms && clock.ms < leaf.validToDate.getTime());
  }
});

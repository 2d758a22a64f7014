import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { AuthorityPem } from './authority-pem.ts';
import { CertificateAuthority, serves } from './ca.ts';
import { PrivateKey } from './private-key.ts';

const now = () => new Date('2026-03-01T12:00:00.750Z');
const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now });
const buyer = { namespace: 'bookstore', serviceAccount: 'bookbuyer' };

describe('a workload certificate', () => {
  const issued = authority.issue(buyer);
  const leaf = new X509Certificate(issued.certificateChainPem);

  test('names the identity, once, in a critical URI, and nothing else', () => {
    assert.equal(leaf.subjectAltName, 'URI:spiffe://cluster.local/ns/bookstore/sa/bookbuyer');
    assert.equal(issued.spiffeId, 'spiffe://cluster.local/ns/bookstore/sa/bookbuyer');
    assert.equal(leaf.subject, undefined);
    assert.equal(leaf.ca, false);
  });

  test('is signed by the root, for the key that comes with it', () => {
    const root = new X509Certificate(authority.trustBundlePem);
    assert.equal(root.ca, true);
    assert.equal(leaf.checkIssued(root), true);
    assert.equal(leaf.verify(root.publicKey), true);
    assert.equal(leaf.checkPrivateKey(createPrivateKey(issued.privateKey.reveal())), true);
    assert.deepEqual(leaf.publicKey.asymmetricKeyDetails, { namedCurve: 'prime256v1' });
  });

  test('lives for a day, since a moment ago', () => {
    assert.equal(leaf.validFromDate.toISOString(), '2026-03-01T11:59:00.000Z');
    assert.equal(leaf.validToDate.toISOString(), '2026-03-02T12:00:00.000Z');
    assert.deepEqual(issued.notAfter, leaf.validToDate);
  });

  test('has a positive serial number of full length, another each time', () => {
    const serials = Array.from(
      { length: 50 },
      () => new X509Certificate(authority.issue(buyer).certificateChainPem).serialNumber,
    );
    assert.equal(new Set(serials).size, 50);
    for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
  });

  test('does not outlive the root', () => {
    const late = new CertificateAuthority({
      trustDomain: 'cluster.local',
      pem: authority.pem(),
      now: () => new Date('2036-02-27T11:00:00Z'),
    });
    assert.equal(late.issue(buyer).notAfter.toISOString(), '2036-02-27T12:00:00.000Z');
  });

  test('is what openssl takes for a client and for a server', context => {
    if (spawnSync('openssl', ['version']).status !== 0) return context.skip('no openssl');
    const folder = mkdtempSync(join(tmpdir(), 'heddle-ca-'));
    try {
      writeFileSync(join(folder, 'root.pem'), authority.trustBundlePem);
      writeFileSync(join(folder, 'leaf.pem'), issued.certificateChainPem);
      for (const purpose of ['sslclient', 'sslserver']) {
        const at = String((now().getTime() / 1000) | 0);
        const verify = [
          'verify',
          '-x509_strict',
          '-attime',
          at,
          '-purpose',
          purpose,
          '-CAfile',
          'root.pem',
          'leaf.pem',
        ];
        const { status, stdout, stderr } = spawnSync('openssl', verify, { cwd: folder, encoding: 'utf8' });
        assert.equal(status, 0, stdout + stderr);
      }
      const text = spawnSync('openssl', ['x509', '-noout', '-text', '-in', 'leaf.pem'], {
        cwd: folder,
        encoding: 'utf8',
      });
      assert.match(text.stdout, /Subject Alternative Name: critical/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the authority', () => {
  test('goes on with a root that it is given', () => {
    const next = new CertificateAuthority({ trustDomain: 'cluster.local', now, pem: authority.pem() });
    assert.equal(next.trustBundlePem, authority.trustBundlePem);
    const leaf = new X509Certificate(next.issue(buyer).certificateChainPem);
    assert.equal(leaf.verify(new X509Certificate(authority.trustBundlePem).publicKey), true);
  });

  test('refuses a root that is no root', () => {
    const make = (pem: AuthorityPem, time = now) =>
      new CertificateAuthority({ trustDomain: 'cluster.local', now: time, pem });
    const root = authority.pem();
    const other = new CertificateAuthority({ trustDomain: 'cluster.local', now }).pem();
    const { certificateChainPem: certificatePem, privateKey } = authority.issue(buyer);
    assert.throws(() => make({ certificatePem, privateKey }), /not the certificate of an authority/);
    assert.throws(() => make({ ...root, privateKey: other.privateKey }), /is not that of/);
    assert.throws(() => make(root, () => new Date('2036-03-01T00:00:00Z')), /expired/);
  });

  test('refuses names that would make another identity', () => {
    for (const name of ['', 'a/sa/b', 'A', 'a b', '-a', 'ä']) {
      assert.throws(() => authority.issue({ namespace: 'x', serviceAccount: name }), /can't be part of an identity/);
      assert.throws(() => authority.issue({ namespace: name, serviceAccount: 'x' }), /can't be part of an identity/);
      assert.throws(() => new CertificateAuthority({ trustDomain: name, now }), /no trust domain/);
    }
  });
});

describe('versions', () => {
  const issued = authority.issue(buyer);

  test('an older certificate serves if it is of the same issuer and identity and lives long enough', () => {
    assert.equal(serves(issued.version, issued, issued.notAfter), true);
    assert.equal(serves(issued.version, issued, new Date(issued.notAfter.getTime() + 1)), false);
    assert.equal(serves(authority.issue(buyer).version, issued, now()), true);
    assert.equal(serves(authority.issue({ ...buyer, namespace: 'other' }).version, issued, now()), false);
    const other = new CertificateAuthority({ trustDomain: 'cluster.local', now });
    assert.equal(serves(other.issue(buyer).version, issued, now()), false);
    for (const odd of ['', '.', 'x.y.z', issued.version.slice(0, issued.version.lastIndexOf('.') + 1)]) {
      assert.equal(serves(odd, issued, now()), false);
    }
  });
});

test('a key does not show itself', () => {
  const key = new PrivateKey('-----BEGIN PRIVATE KEY-----');
  for (const shown of [String(key), JSON.stringify({ key }), inspect({ key }, { depth: 9, showHidden: true })]) {
    assert.doesNotMatch(shown, /BEGIN/);
    assert.match(shown, /\[private key\]/);
  }
  for (const shown of [
    inspect(authority, { showHidden: true, depth: 9 }),
    inspect(authority.pem()),
    JSON.stringify(authority.issue(buyer)),
  ]) {
    assert.doesNotMatch(shown, /PRIVATE KEY/);
  }
});

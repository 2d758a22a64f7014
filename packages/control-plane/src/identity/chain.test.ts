import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import type { AuthorityPem } from './authority-pem.ts';
import { CertificateAuthority } from './ca.ts';
import { issuerOf, signCertificate } from './certificate.ts';
import { AuthorityError } from './chain.ts';
import { PrivateKey } from './private-key.ts';

const now = () => new Date('2026-03-01T12:00:00Z');
const day = 86_400_000;
const workload = { namespace: 'shop', serviceAccount: 'web' };

interface Made {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

interface Wanted {
  readonly signer?: Made;
  readonly keys?: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  readonly from?: number;
  readonly days?: number;
}

const ec = (namedCurve = 'P-256') => generateKeyPairSync('ec', { namedCurve });

function make(subject: string, { signer, keys = ec(), from = -1, days = 30 }: Wanted = {}): Made {
  const content = {
    publicKey: keys.publicKey,
    subject,
    uri: 'spiffe://cluster.local',
    notBefore: new Date(now().getTime() + from * day),
    notAfter: new Date(now().getTime() + days * day),
    isAuthority: true,
  };
  const by = signer
    ? { privateKey: signer.key, issuer: issuerOf(signer.certificate) }
    : { privateKey: keys.privateKey };
  return { certificate: signCertificate(content, by), key: keys.privateKey };
}

const keyPem = (key: KeyObject) => new PrivateKey(key.export({ type: 'pkcs8', format: 'pem' }) as string);
const pemOf = (first: Made, ...others: readonly Made[]): AuthorityPem => ({
  certificatePem: [first, ...others].map(({ certificate }) => `a comment\n${certificate.toString()}`).join(''),
  privateKey: keyPem(first.key),
});
const authorityOf = (pem: AuthorityPem) => new CertificateAuthority({ trustDomain: 'cluster.local', now, pem });

const root = make('root');
const middle = make('middle', { signer: root });
const issuing = make('issuing', { signer: middle });

describe('an authority of one’s own', () => {
  test('signs with what comes first, sends what leads to the root, and is trusted by the root alone', () => {
    const authority = authorityOf(pemOf(issuing, middle, root));
    assert.equal(authority.trustBundlePem, root.certificate.toString());
    const chain = authority.issue(workload).certificateChainPem.split(/(?=-----BEGIN)/);
    assert.equal(chain.length, 3);
    assert.equal(new X509Certificate(chain[0] ?? '').verify(issuing.certificate.publicKey), true);
    assert.deepEqual(chain.slice(1), [issuing.certificate, middle.certificate].map(String));
    assert.equal(authorityOf(authority.pem()).issuer, authority.issuer, 'it survives being handed on');
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  for (const [what, keys] of [
    ['ECDSA P-384', ec('P-384')],
    ['RSA', rsa],
  ] as const) {
    test(`may have a key of ${what}`, () => {
      const own = make('own', { keys });
      const leaf = new X509Certificate(authorityOf(pemOf(own)).issue(workload).certificateChainPem);
      assert.equal(leaf.verify(own.certificate.publicKey), true);
      assert.equal(leaf.checkIssued(own.certificate), true);
    });
  }

  const leaf = authorityOf(pemOf(root)).issue(workload);
  const encrypted = root.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string;
  const refused: [what: string, pem: AuthorityPem, message: RegExp][] = [
    ['no certificate', { ...pemOf(root), certificatePem: 'hello' }, /There is no certificate in it/],
    [
      'a certificate cut short',
      { ...pemOf(root), certificatePem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n' },
      /Certificate 1 of the file can't be read/,
    ],
    [
      'the certificate of a workload',
      { certificatePem: leaf.certificateChainPem, privateKey: leaf.privateKey },
      /may not sign others/,
    ],
    ['a chain without its root', pemOf(issuing, middle), /"CN=middle" is not a root: .* Add that one to the end/],
    [
      'a chain in the wrong order',
      pemOf(issuing, root, middle),
      /"CN=issuing" is not signed by .* "CN=root": put what/,
    ],
    ['an authority that expired', pemOf(make('old', { from: -9, days: -1 })), /"CN=old" expired at 2026-02-28/],
    ['one that is not valid yet', pemOf(make('new', { from: 1 })), /"CN=new" is valid only from 2026-03-02/],
    ['the key of another', { ...pemOf(root), privateKey: keyPem(middle.key) }, /is not that of "CN=root"/],
    ['an encrypted key', { ...pemOf(root), privateKey: new PrivateKey(encrypted) }, /encrypted: give it without/],
    ['what is no key', { ...pemOf(root), privateKey: new PrivateKey('secret text') }, /can't be read \(PEM\)\.$/],
  ];
  for (const [what, pem, message] of refused) {
    test(`is refused: ${what}`, () =>
      assert.throws(
        () => authorityOf(pem),
        (error: unknown) => {
          assert.ok(error instanceof AuthorityError);
          assert.match(error.message, message);
          return true;
        },
      ));
  }
});

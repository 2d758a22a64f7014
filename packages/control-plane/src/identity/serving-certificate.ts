/**
 * The certificate that a server of the control plane shows to the API server, and the authority that signs it, which exists for
 * nothing else. Pure but for keys: the time comes in, and what was made before.
 */
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { splitCertificates } from './authority-pem.ts';
import { issuerOf, signCertificate } from './certificate.ts';
import { PrivateKey } from './private-key.ts';

/** A signing certificate with its key. */
interface KeyPair {
  readonly certificatePem: string;
  readonly privateKey: PrivateKey;
}

/** A serving certificate with everything that it takes to renew it: what replicas share in a Secret. */
export interface ServingIdentity {
  /** What the server shows. */
  readonly serving: KeyPair;
  /** The authority that signs now; then the one that will sign next, where it is trusted already. */
  readonly authorities: readonly KeyPair[];
  /** What clients are to trust (`caBundle`): the authorities, and those before them as long as they are valid. */
  readonly trustBundlePem: string;
}

const day = 24 * 3_600_000;
const servingLifetimeMs = 90 * day;
const authorityLifetimeMs = 2 * 365 * day;
const backdatedMs = 3_600_000;

/**
 * What to serve with now: the same object as before while it is fresh, else a renewed one. A certificate is renewed after two
 * thirds of its life, and when it lacks a name. An authority after two thirds of its life gets a successor, which is trusted
 * from then on, and signs from the next renewal on, weeks later: by then every client trusts it.
 */
export function renewServing(
  before: ServingIdentity | undefined,
  dnsNames: readonly string[],
  now: Date,
): ServingIdentity {
  if (before === undefined || !isUsable(before, now)) return made([newAuthority(now)], [], { dnsNames, now });
  if (!isDue(before.serving, now) && hasNames(before.serving, dnsNames)) return before;
  const authorities = before.authorities.slice(-1);
  const [signing] = authorities;
  if (signing !== undefined && isDue(signing, now)) authorities.push(newAuthority(now));
  return made(authorities, splitCertificates(before.trustBundlePem), { dnsNames, now });
}

/** Whether the authority can go on: an expired one, or one that is not valid yet since the clock was set back, begins anew. */
function isUsable({ authorities, serving }: ServingIdentity, now: Date): boolean {
  const [signing] = authorities.slice(-1);
  if (signing === undefined) return false;
  return [signing, serving].every(({ certificatePem }) => {
    const { validFromDate, validToDate } = new X509Certificate(certificatePem);
    return validFromDate <= now && now < validToDate;
  });
}

function isDue({ certificatePem }: KeyPair, now: Date): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  const life = validToDate.getTime() - validFromDate.getTime();
  return now.getTime() >= validFromDate.getTime() + (life * 2) / 3;
}

function hasNames({ certificatePem }: KeyPair, dnsNames: readonly string[]): boolean {
  const certificate = new X509Certificate(certificatePem);
  return dnsNames.every(name => certificate.checkHost(name) !== undefined);
}

function made(
  authorities: readonly KeyPair[],
  trusted: readonly string[],
  { dnsNames, now }: { readonly dnsNames: readonly string[]; readonly now: Date },
): ServingIdentity {
  const [signing] = authorities;
  if (signing === undefined) throw new Error('an authority is needed to sign');
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = new X509Certificate(signing.certificatePem);
  const notAfter = Math.min(now.getTime() + servingLifetimeMs, issuer.validToDate.getTime());
  const leaf = signCertificate(
    {
      publicKey,
      subject: dnsNames[0]?.slice(0, 64) ?? '',
      dnsNames,
      notBefore: new Date(now.getTime() - backdatedMs),
      notAfter: new Date(notAfter),
      isAuthority: false,
    },
    { privateKey: createPrivateKey(signing.privateKey.reveal()), issuer: issuerOf(issuer) },
  );
  const bundle = new Set([...authorities.map(({ certificatePem }) => certificatePem), ...trusted.map(normal)]);
  const valid = [...bundle].filter(pem => new X509Certificate(pem).validToDate > now);
  return { serving: pairOf(leaf, privateKey), authorities, trustBundlePem: valid.join('') };
}

function newAuthority(now: Date): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = signCertificate(
    {
      publicKey,
      subject: 'Heddle webhooks',
      notBefore: new Date(now.getTime() - day),
      notAfter: new Date(now.getTime() + authorityLifetimeMs),
      isAuthority: true,
    },
    { privateKey },
  );
  return pairOf(certificate, privateKey);
}

function pairOf(certificate: X509Certificate, key: ReturnType<typeof createPrivateKey>): KeyPair {
  const privateKey = new PrivateKey(key.export({ type: 'pkcs8', format: 'pem' }) as string);
  return { certificatePem: certificate.toString(), privateKey };
}

function normal(pem: string): string {
  return new X509Certificate(pem).toString();
}

const fields = {
  bundle: 'ca.crt',
  certificate: 'tls.crt',
  key: 'tls.key',
  authorities: 'authorities.crt',
  authorityKeys: 'authorities.key',
} as const;

/** The identity as the data of a Secret, not yet in base64. */
export function writeServing({ serving, authorities, trustBundlePem }: ServingIdentity): Record<string, string> {
  return {
    [fields.bundle]: trustBundlePem,
    [fields.certificate]: serving.certificatePem,
    [fields.key]: serving.privateKey.reveal(),
    [fields.authorities]: authorities.map(({ certificatePem }) => certificatePem).join(''),
    [fields.authorityKeys]: authorities.map(({ privateKey }) => privateKey.reveal()).join(''),
  };
}

const keyBlock = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----\n?/g;

/** Reads what {@link writeServing} wrote; `undefined` for anything else: it is made anew then. */
export function readServing(data: Readonly<Record<string, string>>): ServingIdentity | undefined {
  const { [fields.bundle]: trustBundlePem = '', [fields.certificate]: certificatePem = '' } = data;
  const keys = data[fields.authorityKeys]?.match(keyBlock) ?? [];
  try {
    const certificates = splitCertificates(data[fields.authorities] ?? '').map(normal);
    const authorities = certificates.map((pem, index) => pairFrom(pem, keys[index] ?? ''));
    if (splitCertificates(trustBundlePem).length === 0 || authorities.length === 0) return undefined;
    return { serving: pairFrom(certificatePem, data[fields.key] ?? ''), authorities, trustBundlePem };
  } catch {
    return undefined; // damaged, or somebody else's: what exactly is wrong with it changes nothing
  }
}

function pairFrom(certificatePem: string, keyPem: string): KeyPair {
  const certificate = new X509Certificate(certificatePem);
  if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) throw new Error('a key of another certificate');
  return { certificatePem: certificate.toString(), privateKey: new PrivateKey(keyPem) };
}

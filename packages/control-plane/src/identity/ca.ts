/**
 * The mesh's certificate authority: an identity comes in, a certificate for it goes out. Who asks, and whether they are who
 * they say, is not its business. Keys live in memory only.
 */
import { createPrivateKey, generateKeyPairSync, hash, type KeyObject, X509Certificate } from 'node:crypto';
import { type Issuer, issuerOf, signCertificate } from './certificate.ts';
import { PrivateKey } from './private-key.ts';

/** Who a workload is within its trust domain: its Kubernetes service account. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A certificate with its key. */
export interface WorkloadCertificate {
  readonly spiffeId: string;
  /** The leaf alone: the root is in everybody's trust bundle. */
  readonly certificateChainPem: string;
  readonly privateKey: PrivateKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Says issuer, identity and expiry: `ISSUER.IDENTITY.SECONDS`. */
  readonly version: string;
}

/** A root certificate and its key, as a supervisor keeps them for a controller that is started again. */
export interface RootPem {
  readonly certificatePem: string;
  readonly privateKey: PrivateKey;
}

/** What an authority is made of. */
export interface CertificateAuthorityOptions {
  /** E.g. `cluster.local`. */
  readonly trustDomain: string;
  readonly now: () => Date;
  /** Of a leaf; default 24 hours. */
  readonly lifetimeMs?: number;
  /** Default: a new root for ten years. */
  readonly root?: RootPem;
}

const hour = 3_600_000;
/** Clocks differ: a certificate is valid since a moment ago. */
const backdatedMs = 60_000;
const rootLifetimeMs = 10 * 365 * 24 * hour;
const nameForm = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** Issues the certificates of one trust domain, all signed by one root. */
export class CertificateAuthority {
  readonly trustDomain: string;
  readonly lifetimeMs: number;
  readonly #now: () => Date;
  readonly #certificate: X509Certificate;
  readonly #key: KeyObject;
  readonly #issuer: Issuer;
  readonly #fingerprint: string;

  /** @throws Error for a root that has expired, is no authority, or whose key is another's */
  constructor({ trustDomain, now, lifetimeMs = 24 * hour, root }: CertificateAuthorityOptions) {
    if (!nameForm.test(trustDomain)) throw new Error(`"${trustDomain}" is no trust domain`);
    this.trustDomain = trustDomain;
    this.lifetimeMs = lifetimeMs;
    this.#now = now;
    const { certificate, key } = root ? readRoot(root, now()) : newRoot(trustDomain, now());
    this.#certificate = certificate;
    this.#key = key;
    this.#issuer = issuerOf(certificate);
    this.#fingerprint = short(certificate.raw);
  }

  /** The root certificate: what everybody in the trust domain trusts. */
  get rootCertificatePem(): string {
    return this.#certificate.toString();
  }

  /** The root with its key, for a supervisor that hands it to the next controller. */
  root(): RootPem {
    const pem = this.#key.export({ type: 'pkcs8', format: 'pem' }) as string;
    return { certificatePem: this.rootCertificatePem, privateKey: new PrivateKey(pem) };
  }

  /**
   * Issues a certificate with a new key. It doesn't outlive the root.
   * @throws Error for names that Kubernetes would refuse
   */
  issue({ namespace, serviceAccount }: ServiceAccount): WorkloadCertificate {
    for (const name of [namespace, serviceAccount]) {
      if (!nameForm.test(name)) throw new Error(`"${name}" can't be part of an identity`);
    }
    const spiffeId = `spiffe://${this.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = this.#now().getTime();
    const expiry = Math.min(now + this.lifetimeMs, this.#certificate.validToDate.getTime());
    const certificate = signCertificate(
      {
        publicKey,
        subject: '',
        uri: spiffeId,
        notBefore: new Date(now - backdatedMs),
        notAfter: new Date(expiry),
        isAuthority: false,
      },
      { privateKey: this.#key, issuer: this.#issuer },
    );
    const notAfter = certificate.validToDate;
    return {
      spiffeId,
      certificateChainPem: certificate.toString(),
      privateKey: new PrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string),
      notBefore: certificate.validFromDate,
      notAfter,
      version: `${this.#fingerprint}.${short(spiffeId)}.${notAfter.getTime() / 1000}`,
    };
  }
}

/**
 * Whether a certificate of one version serves in the place of another: same issuer, same identity, valid at a given time.
 * @param version of the certificate that somebody has, as {@link WorkloadCertificate} spells it; anything else doesn't serve
 */
export function serves(version: string, insteadOf: WorkloadCertificate, at: Date): boolean {
  const end = version.lastIndexOf('.') + 1;
  const sameKind = version.slice(0, end) === insteadOf.version.slice(0, insteadOf.version.lastIndexOf('.') + 1);
  return sameKind && Number(version.slice(end)) * 1000 >= at.getTime();
}

function newRoot(trustDomain: string, now: Date): { certificate: X509Certificate; key: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = signCertificate(
    {
      publicKey,
      subject: `Heddle root of ${trustDomain}`,
      uri: `spiffe://${trustDomain}`,
      notBefore: new Date(now.getTime() - backdatedMs),
      notAfter: new Date(now.getTime() + rootLifetimeMs),
      isAuthority: true,
    },
    { privateKey },
  );
  return { certificate, key: privateKey };
}

function readRoot(root: RootPem, now: Date): { certificate: X509Certificate; key: KeyObject } {
  const certificate = new X509Certificate(root.certificatePem);
  const key = createPrivateKey(root.privateKey.reveal());
  if (!certificate.ca) throw new Error('the root certificate is not of an authority');
  if (!certificate.checkPrivateKey(key)) throw new Error('the private key does not belong to the root certificate');
  if (certificate.validToDate <= now) throw new Error(`the root certificate expired at ${certificate.validTo}`);
  return { certificate, key };
}

function short(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64url').slice(0, 11);
}

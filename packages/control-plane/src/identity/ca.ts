/**
 * The mesh's certificate authority: an identity comes in, a certificate for it goes out. Who asks, and whether they are who
 * they say, is not its business. Keys live in memory only.
 */
import { generateKeyPairSync, hash, X509Certificate } from 'node:crypto';
import type { AuthorityPem } from './authority-pem.ts';
import {
  type CertificateContent,
  certificateDer,
  type Issuer,
  issuerOf,
  signCertificate,
  wholeSeconds,
} from './certificate.ts';
import { type AuthorityChain, readChain } from './chain.ts';
import { PrivateKey } from './private-key.ts';

/** Who a workload is within its trust domain: its Kubernetes service account. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A certificate with its key. */
export interface IssuedCertificate {
  /** The leaf, and what leads from it to the root, which is in everybody's trust bundle. */
  readonly certificateChainPem: string;
  readonly privateKey: PrivateKey;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The certificate of a workload. */
export interface WorkloadCertificate extends IssuedCertificate {
  readonly spiffeId: string;
  /** Says issuer, identity and expiry: `ISSUER.IDENTITY.SECONDS`. */
  readonly version: string;
}

/** What an authority is made of. */
export interface CertificateAuthorityOptions {
  /** E.g. `cluster.local`. */
  readonly trustDomain: string;
  readonly now: () => Date;
  /** Default: a new root for ten years. */
  readonly pem?: AuthorityPem;
}

const hour = 3_600_000;
/** Clocks differ: a certificate is valid since a moment ago. */
const backdatedMs = 60_000;
/** So that a root outlives a clock that is set back. */
const rootBackdatedMs = 24 * hour;
const rootLifetimeMs = 10 * 365 * 24 * hour;
const nameForm = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** Issues the certificates of one trust domain, all signed by one certificate. */
export class CertificateAuthority {
  readonly trustDomain: string;
  /** Names the certificate that signs. */
  readonly issuer: string;
  /** The certificates that everybody in the trust domain trusts: the root, and others while roots are exchanged. In a fixed order. */
  readonly trustBundlePem: string;
  /** Names each certificate of the bundle, in its order. */
  readonly trusted: readonly string[];
  readonly #now: () => Date;
  readonly #chain: AuthorityChain;
  readonly #issuerName: Issuer;
  readonly #alsoTrusted: readonly string[];

  /** @throws AuthorityError for certificates or a key that it can't be made from */
  constructor({ trustDomain, now, pem }: CertificateAuthorityOptions) {
    if (!nameForm.test(trustDomain)) throw new Error(`"${trustDomain}" is no trust domain`);
    this.trustDomain = trustDomain;
    this.#now = now;
    this.#chain = pem ? readChain(pem, now()) : newRoot(trustDomain, now());
    this.#issuerName = issuerOf(this.#chain.issuer);
    this.#alsoTrusted = pem?.alsoTrusted ?? [];
    this.issuer = short(this.#chain.issuer.raw);
    const roots = new Map(
      [this.#chain.root, ...this.#alsoTrusted.map(root => new X509Certificate(root))].map(root => [
        short(root.raw),
        root.toString(),
      ]),
    );
    this.trusted = [...roots.keys()].toSorted();
    this.trustBundlePem = this.trusted.map(name => roots.get(name)).join('');
  }

  /** The authority with its key, for a supervisor that hands it to the next controller. */
  pem(): AuthorityPem {
    const { issuer, intermediates, root, key } = this.#chain;
    const certificates = new Set([issuer, ...intermediates, root].map(String));
    const privateKey = new PrivateKey(key.export({ type: 'pkcs8', format: 'pem' }) as string);
    return { certificatePem: [...certificates].join(''), privateKey, alsoTrusted: this.#alsoTrusted };
  }

  /**
   * Issues a certificate with a new key, valid for 24 hours unless told otherwise. It doesn't outlive what signs it.
   * @throws Error for names that Kubernetes would refuse
   */
  issue({ namespace, serviceAccount }: ServiceAccount, lifetimeMs = 24 * hour): WorkloadCertificate {
    for (const name of [namespace, serviceAccount]) {
      if (!nameForm.test(name)) throw new Error(`"${name}" can't be part of an identity`);
    }
    const spiffeId = `spiffe://${this.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
    const issued = this.#sign({ subject: '', uri: spiffeId }, lifetimeMs);
    const version = `${this.issuer}.${short(spiffeId)}.${issued.notAfter.getTime() / 1000}`;
    return { spiffeId, ...issued, version };
  }

  /** Issues what a server of the control plane shows to sidecars: it has DNS names, which no workload's has, and no identity. */
  issueServing(dnsNames: readonly [string, ...string[]], lifetimeMs = 24 * hour): IssuedCertificate {
    return this.#sign({ subject: 'Heddle control plane', dnsNames }, lifetimeMs);
  }

  #sign(who: Pick<CertificateContent, 'subject' | 'uri' | 'dnsNames'>, lifetimeMs: number): IssuedCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', keyForms);
    const now = this.#now().getTime();
    const { issuer, intermediates, key } = this.#chain;
    const notBefore = wholeSeconds(new Date(now - backdatedMs));
    const notAfter = wholeSeconds(new Date(Math.min(now + lifetimeMs, issuer.validToDate.getTime())));
    const certificate = certificateDer(
      { ...who, publicKey, notBefore, notAfter, isAuthority: false },
      { privateKey: key, issuer: this.#issuerName },
    );
    return {
      certificateChainPem: [pemOf(certificate), ...intermediates].join(''),
      privateKey: new PrivateKey(privateKey),
      notBefore,
      notAfter,
    };
  }
}

/** As they are used: taking them from a key object takes as long as making the key. */
const keyForms = {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

function pemOf(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/**
 * Whether a certificate of one version serves in the place of another: same issuer, same identity, valid at a given time, and
 * not for longer.
 * @param version of the certificate that somebody has, as {@link WorkloadCertificate} spells it; anything else doesn't serve
 */
export function serves(version: string, insteadOf: WorkloadCertificate, at: Date): boolean {
  const end = version.lastIndexOf('.') + 1;
  const sameKind = version.slice(0, end) === insteadOf.version.slice(0, insteadOf.version.lastIndexOf('.') + 1);
  const notAfter = Number(version.slice(end)) * 1000;
  return sameKind && notAfter >= at.getTime() && notAfter <= insteadOf.notAfter.getTime();
}

function newRoot(trustDomain: string, now: Date): AuthorityChain {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const certificate = signCertificate(
    {
      publicKey,
      subject: `Heddle root of ${trustDomain}`,
      uri: `spiffe://${trustDomain}`,
      notBefore: new Date(now.getTime() - rootBackdatedMs),
      notAfter: new Date(now.getTime() + rootLifetimeMs),
      isAuthority: true,
    },
    { privateKey },
  );
  return { issuer: certificate, intermediates: [], root: certificate, key: privateKey };
}

function short(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64url').slice(0, 11);
}

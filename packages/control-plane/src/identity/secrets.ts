/**
 * The secrets that sidecars get over SDS: for each identity one certificate that is always fresh, and the trust bundle of
 * all. What goes out is proto3 JSON with a version; whoever serves it must not look inside.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { SecretJson } from '@heddle/envoy-api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import { type CertificateAuthority, type ServiceAccount, serves, type WorkloadCertificate } from './ca.ts';

/** Name of the secret with a sidecar's own certificate. */
export const workloadCertificateName = 'workload-certificate';
/** Name of the secret with the root certificates that a sidecar believes. */
export const trustBundleName = 'trust-bundle';

/** Milliseconds between two looks at the clock. */
const longestLookMs = 5000;

/** A secret as a resource, and what tells it from an older one: the arguments of xds's `encode`. */
export interface SdsSecret {
  /** The same object as long as the content is the same. */
  readonly resource: SecretJson;
  readonly versioning?: {
    readonly version: string;
    /** True for an older certificate that a sidecar may keep, since it lasts until this one is renewed. */
    readonly accepts: (version: string) => boolean;
  };
}

/** How long a certificate is valid until somebody says: 24 hours. */
const usualLifetimeMs = 24 * 3_600_000;

/** Where certificates come from, and who hears of new ones. */
export interface WorkloadSecretsOptions {
  readonly authority: CertificateAuthority;
  readonly now: () => Date;
  /** Told which identities have a new certificate. */
  readonly onRenewed: (identities: readonly ServiceAccount[]) => void;
  /** Told of each certificate that is issued. */
  readonly onIssued?: (identity: ServiceAccount) => void;
  /** From 0 to 1: spreads renewals; default `Math.random`. */
  readonly random?: () => number;
}

/** One identity's certificate in force. */
interface Entry {
  readonly identity: ServiceAccount;
  readonly certificate: WorkloadCertificate;
  readonly secret: SdsSecret;
  readonly renewAt: Date;
}

/** The certificates in force, one for each identity that was asked for. */
export class WorkloadSecrets {
  #authority: CertificateAuthority;
  #trustBundle: SdsSecret;
  readonly #now: () => Date;
  readonly #onRenewed: (identities: readonly ServiceAccount[]) => void;
  readonly #onIssued: (identity: ServiceAccount) => void;
  readonly #random: () => number;
  readonly #entries = new Map<string, Entry>();
  #revision = 0;
  #lifetimeMs = usualLifetimeMs;

  constructor({ authority, now, onRenewed, onIssued = () => {}, random = Math.random }: WorkloadSecretsOptions) {
    this.#authority = authority;
    this.#now = now;
    this.#onRenewed = onRenewed;
    this.#onIssued = onIssued;
    this.#random = random;
    this.#trustBundle = bundleOf(authority);
  }

  /** The root certificates, by name {@link trustBundleName}. */
  get trustBundle(): SdsSecret {
    return this.#trustBundle;
  }

  /** Counts what took the place of the bundle or of a certificate that was asked for: as long as it stays, each is what it was. */
  get revision(): number {
    return this.#revision;
  }

  /** The authority that issues. */
  get authority(): CertificateAuthority {
    return this.#authority;
  }

  /**
   * Puts another authority in the place of the one before: what it trusts is the trust bundle from now on, and where another
   * certificate signs, everybody gets a certificate of its.
   */
  replaceAuthority(authority: CertificateAuthority): void {
    if (authority.trustBundlePem !== this.#authority.trustBundlePem) {
      this.#trustBundle = bundleOf(authority);
      this.#revision += 1;
    }
    const isOther = authority.issuer !== this.#authority.issuer;
    this.#authority = authority;
    const identities = [...this.#entries.values()].map(({ identity }) => identity);
    if (isOther) for (const identity of identities) this.#issue(identity);
    this.#onRenewed(isOther ? identities : []);
  }

  /**
   * Says for how many milliseconds certificates are valid from now on. One in force that is valid longer is issued anew, and no
   * sidecar may keep an older one that is; one that is valid shorter stays until its time comes.
   */
  setLifetime(lifetimeMs: number): void {
    if (lifetimeMs === this.#lifetimeMs) return;
    this.#lifetimeMs = lifetimeMs;
    const end = this.#now().getTime() + lifetimeMs;
    for (const { identity, certificate } of this.#entries.values())
      if (certificate.notAfter.getTime() > end) this.#issue(identity);
  }

  /** The certificate of an identity, by name {@link workloadCertificateName}; issued at the first call. */
  certificate(identity: ServiceAccount): SdsSecret {
    const known = this.#entries.get(keyOf(identity));
    if (known !== undefined) return known.secret;
    return this.#issue(identity).secret;
  }

  /** Drops the certificates of all identities but these. */
  retain(identities: Iterable<ServiceAccount>): void {
    const kept = new Set(Array.from(identities, keyOf));
    for (const key of this.#entries.keys()) if (!kept.has(key)) this.#entries.delete(key);
    this.#revision += 1;
  }

  /**
   * Issues anew what has come to its time: between half and two thirds of its life, so that not all come at once. A clock
   * that was set back leaves certificates that are not valid yet: they are issued anew, too.
   */
  renew(): void {
    const now = this.#now();
    const due = [...this.#entries.values()]
      .filter(({ renewAt, certificate }) => renewAt <= now || certificate.notBefore > now)
      .map(({ identity }) => identity);
    for (const identity of due) this.#issue(identity);
    if (due.length > 0) this.#onRenewed(due);
  }

  /**
   * Renews until the signal aborts. It looks at the clock every few seconds, more often where lives are short: a clock that is
   * set, or a machine that slept, is noticed as soon.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.renew();
      const intervalMs = Math.min(longestLookMs, this.#lifetimeMs / 20);
      // The abort is the end of the loop, not a failure.
      await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  #issue(identity: ServiceAccount): Entry {
    const certificate = this.#authority.issue(identity, this.#lifetimeMs);
    const issuedAt = this.#now().getTime();
    const life = certificate.notAfter.getTime() - issuedAt;
    const renewAt = new Date(issuedAt + life * (1 / 2 + this.#random() / 6));
    const resource: SecretJson = {
      name: workloadCertificateName,
      tlsCertificate: {
        certificateChain: { inlineString: certificate.certificateChainPem },
        privateKey: new InlineKey(certificate.privateKey.reveal()),
      },
    };
    // An older one must last until a sidecar that keeps it is given the next, and somewhat longer.
    const until = new Date(Math.min(renewAt.getTime() + life / 10, certificate.notAfter.getTime()));
    const accepts = (version: string): boolean => serves(version, certificate, until);
    const secret = { resource, versioning: { version: certificate.version, accepts } };
    const entry = { identity, certificate, secret, renewAt };
    if (this.#entries.has(keyOf(identity))) this.#revision += 1;
    this.#entries.set(keyOf(identity), entry);
    this.#onIssued(identity);
    return entry;
  }
}

function bundleOf({ trustBundlePem }: CertificateAuthority): SdsSecret {
  return { resource: { name: trustBundleName, validationContext: { trustedCa: { inlineString: trustBundlePem } } } };
}

/** A `DataSource` whose content is for the encoder's eyes: JSON and `inspect` don't show it. */
class InlineKey {
  readonly inlineString: string;

  constructor(pem: string) {
    this.inlineString = pem;
  }

  toJSON(): { inlineString: string } {
    return { inlineString: '[private key]' };
  }

  [inspect.custom](): string {
    return '[private key]';
  }
}

function keyOf({ namespace, serviceAccount }: ServiceAccount): string {
  return `${namespace}/${serviceAccount}`;
}

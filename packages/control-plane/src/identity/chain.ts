/** An authority that somebody brings: its certificates and key, read with one sentence for everything that can be wrong. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type AuthorityPem, splitCertificates } from './authority-pem.ts';
import { pathLengthOf } from './certificate.ts';

/** Certificates that an authority can't be made from; the message says what to change. */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
  readonly code = 'AUTHORITY';
  readonly retryable = false;
}

/** The certificates of an authority, and the key that it signs with. */
export interface AuthorityChain {
  /** What signs. */
  readonly issuer: X509Certificate;
  /** What a certificate is sent with, so that who trusts the root alone can follow: the chain without its root. */
  readonly intermediates: readonly X509Certificate[];
  readonly root: X509Certificate;
  readonly key: KeyObject;
}

/**
 * Reads an authority. The chain must be complete, in order, and valid now (RFC 5280, section 6); the key ECDSA or RSA, which is
 * what Envoy verifies.
 * @throws AuthorityError with what is wrong
 */
export function readChain({ certificatePem, privateKey }: AuthorityPem, now: Date): AuthorityChain {
  const certificates = splitCertificates(certificatePem).map(readCertificate);
  const [issuer] = certificates;
  const root = certificates.at(-1);
  if (issuer === undefined || root === undefined) throw new AuthorityError('There is no certificate in it (PEM).');
  certificates.forEach((certificate, below) => checkAuthority(certificate, below, now));
  for (const [index, certificate] of certificates.entries()) {
    const above = certificates[index + 1] ?? certificate;
    if (certificate.checkIssued(above) && certificate.verify(above.publicKey)) continue;
    throw new AuthorityError(
      certificate === root
        ? `${nameOf(root)} is not a root: it is signed by another. Add that one to the end of the file, and so on up to the root.`
        : `${nameOf(certificate)} is not signed by the certificate that follows it, ${nameOf(above)}: put what signs first, then what signed that, the root last.`,
    );
  }
  return { issuer, intermediates: certificates.slice(0, -1), root, key: readKey(privateKey.reveal(), issuer) };
}

function readCertificate(pem: string, index: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new AuthorityError(`Certificate ${index + 1} of the file can't be read.`); // what OpenSSL says of it helps nobody
  }
}

function checkAuthority(certificate: X509Certificate, below: number, now: Date): void {
  const name = nameOf(certificate);
  if (!certificate.ca) {
    throw new AuthorityError(`${name} may not sign others: it is not the certificate of an authority.`);
  }
  const { validFromDate, validToDate } = certificate;
  if (validToDate <= now) throw new AuthorityError(`${name} expired at ${validToDate.toISOString()}.`);
  if (validFromDate > now) throw new AuthorityError(`${name} is valid only from ${validFromDate.toISOString()} on.`);
  const longest = pathLengthOf(certificate);
  if (longest !== undefined && longest < below) {
    throw new AuthorityError(
      `${name} allows ${longest} authorities below it, and there ${below === 1 ? 'is' : 'are'} ${below}.`,
    );
  }
}

function readKey(pem: string, issuer: X509Certificate): KeyObject {
  if (/ENCRYPTED/.test(pem)) throw new AuthorityError('The private key is encrypted: give it without a password.');
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new AuthorityError("The private key can't be read (PEM)."); // the cause may quote it
  }
  if (key.asymmetricKeyType !== 'ec' && key.asymmetricKeyType !== 'rsa') {
    throw new AuthorityError(`Sidecars verify ECDSA and RSA, not a key of type ${key.asymmetricKeyType}.`);
  }
  if (!issuer.checkPrivateKey(key)) {
    throw new AuthorityError(`The private key is not that of ${nameOf(issuer)}, the first certificate of the file.`);
  }
  return key;
}

function nameOf({ subject, fingerprint256 }: X509Certificate): string {
  const name = subject?.split('\n').join(', ') ?? '';
  return name === '' ? `The certificate ${fingerprint256.slice(0, 23)}…` : `"${name}"`;
}

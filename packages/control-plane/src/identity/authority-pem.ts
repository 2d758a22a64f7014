import { PrivateKey } from './private-key.ts';

/** What an authority is made from, as a supervisor keeps it in memory for a controller that is started again. */
export interface AuthorityPem {
  /** The certificate that signs, then those that lead to its root, the root last; a root alone signs by itself. */
  readonly certificatePem: string;
  readonly privateKey: PrivateKey;
  /** Roots that are trusted besides, while one root takes the place of another. */
  readonly alsoTrusted?: readonly string[];
}

/** An authority in one line of JSON, with its key: for pipes and sockets that nobody else reads. */
export function writeAuthority({ certificatePem, privateKey, alsoTrusted = [] }: AuthorityPem): string {
  return JSON.stringify({ certificatePem, privateKeyPem: privateKey.reveal(), alsoTrusted });
}

/** Reads what {@link writeAuthority} wrote. */
export function readAuthority(text: string): AuthorityPem {
  const { certificatePem, privateKeyPem, alsoTrusted } = JSON.parse(text) as {
    certificatePem: string;
    privateKeyPem: string;
    alsoTrusted: string[];
  };
  return { certificatePem, privateKey: new PrivateKey(privateKeyPem), alsoTrusted };
}

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, one by one, without what stands between them. */
export function splitCertificates(pem: string): readonly string[] {
  return pem.match(certificateBlock) ?? [];
}

/** The root of an authority: the last certificate of its chain. */
export function rootOf({ certificatePem }: AuthorityPem): string {
  return splitCertificates(certificatePem).at(-1) ?? '';
}

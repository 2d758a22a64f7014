/** X.509 certificates as ASN.1, signed with `node:crypto`. Time and keys are given. */
import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import * as asn1 from '@peculiar/asn1-schema';
import * as x509 from '@peculiar/asn1-x509';

/** By the type of the signing key; the parameters of RSA's are a NULL (RFC 4055). */
const signatureAlgorithms: Readonly<Record<string, x509.AlgorithmIdentifier>> = {
  ec: new x509.AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' }),
  rsa: new x509.AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: null }),
};
const commonName = '2.5.4.3';

/** What a certificate says. */
export interface CertificateContent {
  /** The key, or its SubjectPublicKeyInfo in DER. */
  readonly publicKey: KeyObject | Uint8Array;
  /** Common name; empty for a subject that is named by its URI alone. */
  readonly subject: string;
  /** The one URI subject alternative name: who a workload or an authority is. */
  readonly uri?: string;
  /** DNS names that a server answers to, as subject alternative names. */
  readonly dnsNames?: readonly string[];
  /** Whole seconds; what is finer is cut off. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isAuthority: boolean;
}

/** Who signs. */
export interface Signer {
  readonly privateKey: KeyObject;
  /** Absent: the certificate is signed by the key that it is about. */
  readonly issuer?: Issuer;
}

/** What a certificate says of who signed it, in DER. */
export interface Issuer {
  readonly name: Uint8Array;
  /** The extension that names the key. */
  readonly authorityKey: Uint8Array;
}

/** Reads an authority's certificate, once for all that it signs. */
export function issuerOf(certificate: X509Certificate): Issuer {
  const { subject, subjectPublicKeyInfo } = asn1.AsnConvert.parse(certificate.raw, x509.Certificate).tbsCertificate;
  return { name: der(subject), authorityKey: authorityKey(keyId(der(subjectPublicKeyInfo))) };
}

/** How many authorities may stand between an authority and what it vouches for; undefined: any number. */
export function pathLengthOf(certificate: X509Certificate): number | undefined {
  const { extensions: all = [] } = asn1.AsnConvert.parse(certificate.raw, x509.Certificate).tbsCertificate;
  const found = all.find(({ extnID }) => extnID === x509.id_ce_basicConstraints);
  return found && asn1.AsnConvert.parse(found.extnValue.buffer, x509.BasicConstraints).pathLenConstraint;
}

/**
 * Makes a certificate, signed with SHA-256 by an ECDSA or RSA key (RFC 5280, SPIFFE X509-SVID).
 * @throws Error for a signer with another kind of key
 */
export function signCertificate(content: CertificateContent, signer: Signer): X509Certificate {
  return new X509Certificate(certificateDer(content, signer));
}

/** The same in DER: reading what was just written costs as much as a signature. */
export function certificateDer(content: CertificateContent, { privateKey, issuer }: Signer): Uint8Array {
  const algorithm = algorithmOf(privateKey);
  const subject = der(nameOf(content.subject));
  const publicKey = content.publicKey instanceof Uint8Array ? content.publicKey : spki(content.publicKey);
  const subjectKey = keyId(publicKey);
  const { notBefore, notAfter } = content;
  const extensions = sequence(
    ...constants(content.isAuthority),
    ...alternativeNames(content),
    extension(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(subjectKey)),
    issuer?.authorityKey ?? authorityKey(subjectKey),
  );
  const signed = sequence(
    version3,
    wrapped(tags.integer, serialNumber()),
    algorithm,
    issuer?.name ?? subject,
    der(new x509.Validity({ notBefore: wholeSeconds(notBefore), notAfter: wholeSeconds(notAfter) })),
    subject,
    publicKey,
    wrapped(tags.extensions, extensions),
  );
  // No bit of the last byte is unused.
  const signature = wrapped(tags.bitString, Uint8Array.of(0), sign('sha256', signed, privateKey));
  return sequence(signed, algorithm, signature);
}

function algorithmOf(key: KeyObject): Uint8Array {
  const keyType: string = key.asymmetricKeyType ?? '';
  const algorithm = signatureAlgorithms[keyType];
  if (algorithm === undefined) throw new Error(`a key of type ${keyType} can't sign certificates`);
  return once(keyType, () => der(algorithm));
}

/** What is the same in every certificate of an authority, or of all others. */
function constants(isAuthority: boolean): readonly Uint8Array[] {
  const { KeyUsageFlags: usage } = x509;
  const allowed = isAuthority ? usage.keyCertSign | usage.cRLSign : usage.digitalSignature;
  const purposes = new x509.ExtendedKeyUsage([x509.id_kp_serverAuth, x509.id_kp_clientAuth]);
  const who = isAuthority ? 'authority' : 'other';
  return [
    once(`constraints of ${who}`, () =>
      extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: isAuthority })),
    ),
    once(`usage of ${who}`, () => extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(allowed))),
    ...(isAuthority ? [] : [once('purposes', () => extension(x509.id_ce_extKeyUsage, false, purposes))]),
  ];
}

/** A subject that is empty makes its alternative names critical (RFC 5280, 4.1.2.6). None at all would be malformed. */
function alternativeNames({ subject, uri, dnsNames = [] }: CertificateContent): readonly Uint8Array[] {
  const names = [
    ...(uri === undefined ? [] : [new x509.GeneralName({ uniformResourceIdentifier: uri })]),
    ...dnsNames.map(dNSName => new x509.GeneralName({ dNSName })),
  ];
  if (names.length === 0) return [];
  return [extension(x509.id_ce_subjectAltName, subject === '', new x509.SubjectAlternativeName(names))];
}

function authorityKey(id: ArrayBuffer): Uint8Array {
  const value = new x509.AuthorityKeyIdentifier({ keyIdentifier: new x509.KeyIdentifier(id) });
  return extension(x509.id_ce_authorityKeyIdentifier, false, value);
}

function extension(extnID: string, critical: boolean, value: object): Uint8Array {
  const extnValue = new asn1.OctetString(asn1.AsnConvert.serialize(value));
  return der(new x509.Extension({ extnID, critical, extnValue }));
}

function der(value: object): Uint8Array {
  return new Uint8Array(asn1.AsnConvert.serialize(value));
}

/** Made on first use and kept. */
function once(name: string, make: () => Uint8Array): Uint8Array {
  const made = kept.get(name) ?? make();
  kept.set(name, made);
  return made;
}

const kept = new Map<string, Uint8Array>();

const tags = { integer: 0x02, bitString: 0x03, sequence: 0x30, extensions: 0xa3 } as const;

/** Version 3, as it stands in every certificate. */
const version3 = Uint8Array.of(0xa0, 0x03, tags.integer, 0x01, 0x02);

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return wrapped(tags.sequence, ...parts);
}

/** What is in DER already, under a tag and its length: the schemas would take it apart first. */
function wrapped(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > 0xff_ff) throw new Error(`a certificate of ${length} bytes is none`);
  const header =
    length < 0x80 ? [tag, length] : length < 0x1_00 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from(header), ...parts]);
}

function nameOf(common: string): x509.Name {
  if (common === '') return new x509.Name([]);
  const value = new x509.AttributeValue({ utf8String: common });
  return new x509.Name([
    new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type: commonName, value })]),
  ]);
}

function spki(key: KeyObject): Uint8Array {
  return key.export({ type: 'spki', format: 'der' });
}

/** SHA-1 of the key bits: a name for the key, not a protection (RFC 5280, 4.2.1.2). */
function keyId(spkiDer: Uint8Array): ArrayBuffer {
  const bits =
    spkiDer.length === p256Length
      ? spkiDer.subarray(p256Header)
      : new Uint8Array(asn1.AsnConvert.parse(spkiDer, x509.SubjectPublicKeyInfo).subjectPublicKey);
  return toArrayBuffer(createHash('sha1').update(bits).digest());
}

/** Bytes of an uncompressed P-256 key, and of what stands before its bits. No other kind of key has as many. */
const p256Length = 91;
const p256Header = 26;

/** 126 random bits; the first two are 01, so that the number is positive and of full length. */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** A time as a certificate has it. */
export function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

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
  readonly publicKey: KeyObject;
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

/** What a certificate says of who signed it. */
export interface Issuer {
  readonly name: x509.Name;
  readonly keyId: ArrayBuffer;
}

/** Reads an authority's certificate, once for all that it signs. */
export function issuerOf(certificate: X509Certificate): Issuer {
  const { subject, subjectPublicKeyInfo } = asn1.AsnConvert.parse(certificate.raw, x509.Certificate).tbsCertificate;
  return { name: subject, keyId: keyId(subjectPublicKeyInfo) };
}

/** How many authorities may stand between an authority and what it vouches for; undefined: any number. */
export function pathLengthOf(certificate: X509Certificate): number | undefined {
  const { extensions: all = [] } = asn1.AsnConvert.parse(certificate.raw, x509.Certificate).tbsCertificate;
  const found = all.find(({ extnID }) => extnID === x509.id_ce_basicConstraints);
  return found && asn1.AsnConvert.parse(found.extnValue.buffer, x509.BasicConstraints).pathLenConstraint;
}

/**
 * Makes a certificate over an ECDSA P-256 key, signed with SHA-256 by an ECDSA or RSA key (RFC 5280, SPIFFE X509-SVID).
 * @throws Error for a signer with another kind of key
 */
export function signCertificate(content: CertificateContent, signer: Signer): X509Certificate {
  const { asymmetricKeyType: keyType = '' } = signer.privateKey;
  const algorithm = signatureAlgorithms[keyType];
  if (algorithm === undefined) throw new Error(`a key of type ${keyType} can't sign certificates`);
  const subject = nameOf(content.subject);
  const publicKey = spki(content.publicKey);
  const tbsCertificate = new x509.TBSCertificate({
    version: x509.Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: signer.issuer?.name ?? subject,
    validity: new x509.Validity({
      notBefore: wholeSeconds(content.notBefore),
      notAfter: wholeSeconds(content.notAfter),
    }),
    subject,
    subjectPublicKeyInfo: publicKey,
    extensions: extensions(content, keyId(publicKey), signer.issuer?.keyId ?? keyId(publicKey)),
  });
  const signed = sign('sha256', new Uint8Array(asn1.AsnConvert.serialize(tbsCertificate)), signer.privateKey);
  const certificate = new x509.Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: toArrayBuffer(signed),
  });
  return new X509Certificate(Buffer.from(asn1.AsnConvert.serialize(certificate)));
}

function extensions(content: CertificateContent, subjectKey: ArrayBuffer, issuerKey: ArrayBuffer): x509.Extensions {
  const { KeyUsageFlags: usage } = x509;
  const allowed = content.isAuthority ? usage.keyCertSign | usage.cRLSign : usage.digitalSignature;
  const { uri, dnsNames = [] } = content;
  const names = [
    ...(uri === undefined ? [] : [new x509.GeneralName({ uniformResourceIdentifier: uri })]),
    ...dnsNames.map(dNSName => new x509.GeneralName({ dNSName })),
  ];
  const list = [
    extension(x509.id_ce_basicConstraints, true, new x509.BasicConstraints({ cA: content.isAuthority })),
    extension(x509.id_ce_keyUsage, true, new x509.KeyUsage(allowed)),
    // A subject that is empty makes its alternative names critical (RFC 5280, 4.1.2.6). None at all would be malformed.
    ...(names.length === 0
      ? []
      : [extension(x509.id_ce_subjectAltName, content.subject === '', new x509.SubjectAlternativeName(names))]),
    extension(x509.id_ce_subjectKeyIdentifier, false, new x509.SubjectKeyIdentifier(subjectKey)),
    extension(
      x509.id_ce_authorityKeyIdentifier,
      false,
      new x509.AuthorityKeyIdentifier({ keyIdentifier: new x509.KeyIdentifier(issuerKey) }),
    ),
  ];
  if (!content.isAuthority) {
    const purposes = new x509.ExtendedKeyUsage([x509.id_kp_serverAuth, x509.id_kp_clientAuth]);
    list.push(extension(x509.id_ce_extKeyUsage, false, purposes));
  }
  return new x509.Extensions(list);
}

function extension(extnID: string, critical: boolean, value: object): x509.Extension {
  const extnValue = new asn1.OctetString(asn1.AsnConvert.serialize(value));
  return new x509.Extension({ extnID, critical, extnValue });
}

function nameOf(common: string): x509.Name {
  if (common === '') return new x509.Name([]);
  const value = new x509.AttributeValue({ utf8String: common });
  return new x509.Name([
    new x509.RelativeDistinguishedName([new x509.AttributeTypeAndValue({ type: commonName, value })]),
  ]);
}

function spki(key: KeyObject): x509.SubjectPublicKeyInfo {
  return asn1.AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), x509.SubjectPublicKeyInfo);
}

/** SHA-1 of the key bits: a name for the key, not a protection (RFC 5280, 4.2.1.2). */
function keyId(key: x509.SubjectPublicKeyInfo): ArrayBuffer {
  return toArrayBuffer(createHash('sha1').update(new Uint8Array(key.subjectPublicKey)).digest());
}

/** 126 random bits; the first two are 01, so that the number is positive and of full length. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return toArrayBuffer(bytes);
}

function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000);
}

function toArrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

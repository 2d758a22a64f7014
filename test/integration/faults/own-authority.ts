import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority } from '../../../packages/control-plane/src/identity/ca.ts';
import { issuerOf, signCertificate } from '../../../packages/control-plane/src/identity/certificate.ts';
import { readChain } from '../../../packages/control-plane/src/identity/chain.ts';

/** Writes an authority as somebody would bring it, an intermediate with an RSA key, and names its root as a status does. */
export async function ownAuthority(directory: string): Promise<{ certFile: string; keyFile: string; root: string }> {
  const now = new Date();
  const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now: () => now });
  const { root, key } = readChain(authority.pem(), now);
  const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const intermediate = signCertificate(
    {
      publicKey: own.publicKey,
      subject: 'intermediate',
      uri: 'spiffe://cluster.local',
      notBefore: root.validFromDate,
      notAfter: root.validToDate,
      isAuthority: true,
    },
    { privateKey: key, issuer: issuerOf(root) },
  );
  const [certFile, keyFile] = [join(directory, 'chain.pem'), join(directory, 'key.pem')];
  await writeFile(certFile, `${intermediate.toString()}${root.toString()}`);
  await writeFile(keyFile, own.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { certFile, keyFile, root: authority.trusted[0] ?? '' };
}

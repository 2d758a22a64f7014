import { type AuthorityPem, splitCertificates } from '../../identity/authority-pem.ts';
import { PrivateKey } from '../../identity/private-key.ts';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';

/** The Secret that replicas share: the authority that signs the mesh's certificates. */
export const authoritySecret = 'heddle-ca';

/** Where it is, and what makes one where there is none. */
export interface AuthoritySecretOptions {
  readonly client: Pick<ApiClient, 'json'>;
  readonly namespace: string;
  readonly make: () => AuthorityPem;
}

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * The authority of the mesh: that of the Secret `heddle-ca`, whoever put it there (`tls.crt`, `tls.key` and `ca.crt`, as
 * cert-manager writes them), else a new one, which is kept there. Of replicas that start together one makes it, and all
 * have the same.
 * @throws Error where the Secret is there and is no authority: making another would cut the mesh in two
 */
export async function sharedAuthority({ client, namespace, make }: AuthoritySecretOptions): Promise<AuthorityPem> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  for (;;) {
    const kept = await secretAt(client, `${path}/${authoritySecret}`);
    if (kept !== undefined) return readAuthoritySecret(kept, `${namespace}/${authoritySecret}`);
    const made = make();
    try {
      await client.json({ method: 'POST', path, body: secretOf(made) });
      return made;
    } catch (error) {
      // Another replica was faster: its authority counts.
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    }
  }
}

async function secretAt(client: Pick<ApiClient, 'json'>, path: string): Promise<Secret | undefined> {
  try {
    return await client.json<Secret>({ path });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

function readAuthoritySecret({ data = {} }: Secret, name: string): AuthorityPem {
  const [chain, key, root] = ['tls.crt', 'tls.key', 'ca.crt'].map(field => decode(data[field]));
  if (chain === undefined || key === undefined) {
    throw new Error(
      `The Secret ${name} has no tls.crt with a tls.key: put the authority of the mesh there, or delete it.`,
    );
  }
  const certificates = splitCertificates(chain);
  const missing = splitCertificates(root ?? '').filter(pem => !certificates.some(known => isSame(known, pem)));
  return {
    certificatePem: [...certificates, ...missing].map(pem => `${pem}\n`).join(''),
    privateKey: new PrivateKey(key),
  };
}

function secretOf({ certificatePem, privateKey }: AuthorityPem): object {
  const root = splitCertificates(certificatePem).at(-1) ?? '';
  const labels = { 'app.kubernetes.io/name': 'heddle', 'app.kubernetes.io/managed-by': 'heddle' };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: authoritySecret, labels },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': encode(certificatePem), 'tls.key': encode(privateKey.reveal()), 'ca.crt': encode(`${root}\n`) },
  };
}

function isSame(a: string, b: string): boolean {
  return a.replaceAll(/\s/g, '') === b.replaceAll(/\s/g, '');
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'base64').toString('utf8');
}

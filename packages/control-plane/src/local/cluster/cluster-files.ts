import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority } from '../../identity/ca.ts';

/** Somebody whom the API server knows by a token. */
export interface ClusterUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Those that every cluster has. */
export const clusterUsers = {
  admin: { name: 'admin', groups: ['system:masters'] },
  controllerManager: { name: 'system:kube-controller-manager', groups: [] },
} as const satisfies Readonly<Record<string, ClusterUser>>;

/** Paths of what the programs of a cluster read and write; all below one directory. */
export interface ClusterFiles {
  readonly directory: string;
  readonly etcdData: string;
  /** Nobody else can reach what the cluster holds: the directory is this user's alone. */
  readonly etcdSocket: string;
  readonly etcdPeerSocket: string;
  readonly tokens: string;
  /** Signs the tokens of service accounts. */
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  /** Where the API server makes its certificate, which vouches for itself. */
  readonly certificates: string;
  readonly servingCertificate: string;
  /** What aggregated API servers know this one by. */
  readonly aggregation: { readonly ca: string; readonly certificate: string; readonly key: string };
  readonly token: (user: ClusterUser) => string;
  readonly log: (program: string) => string;
}

/** Makes the keys and tokens of a cluster in a directory, which must exist. Every user gets a token of its own. */
export async function makeClusterFiles(directory: string, users: readonly ClusterUser[]): Promise<ClusterFiles> {
  const certificates = join(directory, 'certificates');
  const tokens = new Map(users.map(user => [user.name, randomBytes(24).toString('base64url')]));
  const aggregation = fileNames(certificates, { ca: 'front-ca.pem', certificate: 'front.pem', key: 'front-key.pem' });
  const files: ClusterFiles = {
    directory,
    etcdData: join(directory, 'etcd'),
    etcdSocket: join(directory, 'etcd.sock'),
    etcdPeerSocket: join(directory, 'etcd-peer.sock'),
    tokens: join(directory, 'tokens.csv'),
    serviceAccountKey: join(certificates, 'service-accounts-key.pem'),
    serviceAccountPublicKey: join(certificates, 'service-accounts.pem'),
    certificates,
    servingCertificate: join(certificates, 'apiserver.crt'),
    aggregation,
    token: ({ name }) => tokens.get(name) ?? '',
    log: program => join(directory, `${program}.log`),
  };
  await mkdir(certificates, { recursive: true, mode: 0o700 });
  await mkdir(files.etcdData, { mode: 0o700 });
  const rows = users.map(
    ({ name, groups }) => `${files.token({ name, groups })},${name},${name},"${groups.join(',')}"\n`,
  );
  await writeFile(files.tokens, rows.join(''), { mode: 0o600 });
  await writeServiceAccountKeys(files);
  await writeAggregation(aggregation);
  return files;
}

/** Writes a kubeconfig for a user once the API server has its certificate. */
export async function writeKubeconfig(
  file: string,
  cluster: { readonly server: string; readonly caFile: string; readonly user: string; readonly token: string },
): Promise<void> {
  const authority = await readFile(cluster.caFile, 'base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'heddle', cluster: { server: cluster.server, 'certificate-authority-data': authority } }],
    users: [{ name: cluster.user, user: { token: cluster.token } }],
    contexts: [{ name: 'heddle', context: { cluster: 'heddle', user: cluster.user } }],
    'current-context': 'heddle',
  };
  // JSON is YAML.
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
}

function fileNames<T extends Readonly<Record<string, string>>>(directory: string, names: T): T {
  return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, join(directory, name)])) as T;
}

async function writeServiceAccountKeys(files: ClusterFiles): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(files.serviceAccountKey, privateKey, { mode: 0o600 });
  await writeFile(files.serviceAccountPublicKey, publicKey);
}

async function writeAggregation({ ca, certificate, key }: ClusterFiles['aggregation']): Promise<void> {
  const year = 365 * 24 * 3_600_000;
  const authority = new CertificateAuthority({ trustDomain: 'front-proxy', now: () => new Date() });
  const issued = authority.issue({ namespace: 'kube-system', serviceAccount: 'kube-apiserver' }, year);
  await writeFile(ca, authority.trustBundlePem);
  await writeFile(certificate, issued.certificateChainPem);
  await writeFile(key, issued.privateKey.reveal(), { mode: 0o600 });
}

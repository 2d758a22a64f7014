/** The command lines of a cluster's programs, as flags of Kubernetes 1.34 and etcd 3.6. */
import type { ClusterFiles } from './cluster-files.ts';

/** The first address of these is that of Service `default/kubernetes`. */
export const serviceCidr = '10.96.0.0/16';

/** Who issues the tokens of service accounts; also the audience of a token that names none. */
export const serviceAccountIssuer = 'https://kubernetes.default.svc.cluster.local';

/** Holds nothing beyond this cluster's life, so it need not wait for the disk. */
export function etcdArguments({ etcdData, etcdSocket, etcdPeerSocket }: ClusterFiles): string[] {
  return flags({
    'data-dir': etcdData,
    'listen-client-urls': `unix://${etcdSocket}`,
    'listen-peer-urls': `unix://${etcdPeerSocket}`,
    // Nobody follows what it advertises: these are there for the sake of the form.
    'advertise-client-urls': 'http://localhost:2379',
    'initial-advertise-peer-urls': 'http://localhost:2380',
    'initial-cluster': 'heddle=http://localhost:2380',
    name: 'heddle',
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
  });
}

/** On a port of loopback, with everything that admission, conversion, tokens and aggregation need. */
export function apiServerArguments(files: ClusterFiles, port: number): string[] {
  const { aggregation } = files;
  return flags({
    'etcd-servers': `unix://${files.etcdSocket}`,
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    'cert-dir': files.certificates,
    'service-cluster-ip-range': serviceCidr,
    'token-auth-file': files.tokens,
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'service-account-issuer': serviceAccountIssuer,
    'service-account-key-file': files.serviceAccountPublicKey,
    'service-account-signing-key-file': files.serviceAccountKey,
    'allow-privileged': 'true',
    'enable-aggregator-routing': 'true',
    'requestheader-client-ca-file': aggregation.ca,
    'requestheader-username-headers': 'X-Remote-User',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'proxy-client-cert-file': aggregation.certificate,
    'proxy-client-key-file': aggregation.key,
    // A watch of the end of the cluster should not keep it from ending.
    'shutdown-delay-duration': '0s',
    profiling: 'false',
  });
}

/** Every controller that needs no cloud and no disk. */
export function controllerManagerArguments(files: ClusterFiles, kubeconfig: string): string[] {
  return flags({
    kubeconfig,
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'secure-port': '0',
    'leader-elect': 'false',
    'use-service-account-credentials': 'true',
    'service-account-private-key-file': files.serviceAccountKey,
    'root-ca-file': files.servingCertificate,
    'enable-dynamic-provisioning': 'false',
    profiling: 'false',
  });
}

function flags(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

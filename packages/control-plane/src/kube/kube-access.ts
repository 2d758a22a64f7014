/**
 * Where an API server is and who asks it, as a kubeconfig or a pod's service account says. All kinds of authentication are
 * those of `@kubernetes/client-node`, which is loaded here alone, and late: it takes longer than most commands.
 */
import { access } from 'node:fs/promises';
import { Agent, type RequestOptions } from 'node:https';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';

/** Where to look for access, as kubectl does. */
export interface AccessLookup {
  /** Paths of kubeconfigs, separated as PATH is, the first one counting most; as KUBECONFIG has them. */
  readonly kubeconfig?: string | undefined;
  /** Default: the one that the kubeconfig calls its current one. */
  readonly context?: string | undefined;
  /** Whose `.kube/config` is read where no kubeconfig is named. */
  readonly home?: string | undefined;
  /** Where a pod finds its service account; there is one even where there is no kubeconfig. */
  readonly serviceAccountDirectory?: string;
}

/** How to reach an API server. */
export interface KubeAccess {
  /** With a path where the server is behind one. */
  readonly server: URL;
  /** The namespace of whoever asks. */
  readonly namespace: string;
  /** Options of a request: certificates, and headers that say who asks, which are made anew where they expire. */
  authenticate(): Promise<RequestOptions>;
}

/** There is nothing that says how to reach an API server, or it can't be read; the message says what to do. */
export class NoAccessError extends Error {
  readonly code = 'NoKubernetesAccess';
  readonly retryable = false;
}

const podDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Finds access: the kubeconfigs that are named, else `~/.kube/config`, else the pod's service account. Throws {@link NoAccessError}. */
export async function findAccess(lookup: AccessLookup): Promise<KubeAccess> {
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const config = new Config();
  const namespace = await load(config, lookup);
  if (lookup.context !== undefined) {
    if (config.getContextObject(lookup.context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      throw new NoAccessError(`The kubeconfig has no context ${lookup.context}; there are ${known.join(', ')}.`);
    }
    config.setCurrentContext(lookup.context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new NoAccessError('The kubeconfig has no current context with a cluster; name one with --context.');
  }
  return accessOf(config, cluster, namespace);
}

function accessOf(
  config: KubeConfig,
  { server, proxyUrl }: { readonly server: string; readonly proxyUrl?: string | undefined },
  namespace: string | undefined,
): KubeAccess {
  // What says who asks may change with every request; connections are shared by all that say the same.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16 });
  return {
    server: new URL(server),
    namespace: namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    async authenticate() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      if (!proxyUrl && server.startsWith('https:')) options.agent = agent;
      return options;
    },
  };
}

/** Fills a configuration, and gives the namespace where it is a pod's. */
async function load(config: KubeConfig, lookup: AccessLookup): Promise<string | undefined> {
  const named = (lookup.kubeconfig ?? '').split(delimiter).filter(path => path !== '');
  const own = lookup.home === undefined ? [] : [join(lookup.home, '.kube', 'config')];
  const files = named.length > 0 ? named : await existing(own);
  if (files.length > 0) {
    await loadFiles(config, files);
    return undefined;
  }
  const directory = lookup.serviceAccountDirectory ?? podDirectory;
  if ((await existing([join(directory, 'token')])).length === 0) {
    throw new NoAccessError(
      'Nothing says where the Kubernetes API server is: set KUBECONFIG, name a file with --kubeconfig, or run in a pod with a service account.',
    );
  }
  config.loadFromCluster();
  const { readFile } = await import('node:fs/promises');
  return (await readFile(join(directory, 'namespace'), 'utf8').catch(() => 'default')).trim(); // left out of some projections
}

async function loadFiles(config: KubeConfig, files: readonly string[]): Promise<void> {
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const [first = '', ...rest] = files;
  try {
    config.loadFromFile(first);
    for (const file of rest) {
      const more = new Config();
      more.loadFromFile(file);
      config.mergeConfig(more, true);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NoAccessError(`The kubeconfig ${files.join(', ')} can't be read: ${why}.`);
  }
}

async function existing(files: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const file of files) {
    const isThere = await access(file).then(
      () => true,
      () => false, // absent: the next way counts
    );
    if (isThere) found.push(file);
  }
  return found;
}

/** A Kubernetes control plane for tests: real programs, built where they are missing, on ports and in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { ApiClient } from '../../packages/control-plane/src/kube/api-client.ts';
import { findAccess } from '../../packages/control-plane/src/kube/kube-access.ts';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';
import {
  type Cluster,
  type ClusterOptions,
  startCluster,
} from '../../packages/control-plane/src/local/cluster/cluster.ts';
import { type ClusterPrograms, findPrograms } from '../../packages/control-plane/src/local/cluster/programs.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** Why there can be no cluster here, for a test's `skip`; false where there can. */
export async function withoutCluster(): Promise<string | false> {
  if (
    await programs().then(
      () => true,
      () => false,
    )
  )
    return false; // none are there yet
  return await run('go', ['version']).then(
    () => false as const,
    () => 'neither KUBEBUILDER_ASSETS nor Go is here',
  );
}

/** A cluster, and what tests ask of it. */
export interface TestCluster extends Cluster {
  readonly directory: string;
  /** As the administrator. */
  readonly client: ApiClient;
  /** Applies the CustomResourceDefinitions of `deploy/crds`, and waits until they are served. */
  applyCrds(): Promise<void>;
  /** Ends it, and removes what it made. */
  end(): Promise<void>;
}

/** Starts a cluster; builds its programs first, or waits for who is building them. */
export async function startTestCluster(
  options: Partial<Pick<ClusterOptions, 'users' | 'controllers' | 'onTrouble'>> = {},
): Promise<TestCluster> {
  const found = await buildPrograms();
  const directory = await mkdtemp(join(tmpdir(), 'hk-'));
  const stop = new AbortController();
  const environment = { PATH: process.env['PATH'] ?? '', HOME: directory };
  const cluster = await startCluster({ programs: found, directory, environment, ...options }, stop.signal);
  const client = await clientOf(cluster.kubeconfig);
  return {
    ...cluster,
    directory,
    client,
    applyCrds: async () => await applyCrds(client),
    async end() {
      stop.abort();
      await cluster.ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The programs of a cluster, built where they are missing. */
export async function buildPrograms(): Promise<ClusterPrograms> {
  return await programs().catch(async () => {
    await run(join(root, 'scripts/kubernetes/build'), { maxBuffer: 1 << 26 });
    return await programs();
  });
}

/** The client of whoever a kubeconfig is for. */
export async function clientOf(kubeconfig: string): Promise<ApiClient> {
  return new ApiClient(await findAccess({ kubeconfig }));
}

async function programs() {
  const cacheDirectory = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return await findPrograms({ assets: process.env['KUBEBUILDER_ASSETS'], cacheDirectory });
}

async function applyCrds(client: ApiClient): Promise<void> {
  const folder = join(root, 'deploy/crds');
  const { stdout } = await run('ls', [folder]);
  for (const file of stdout.trim().split('\n')) {
    for (const document of parseAllDocuments(await readFile(join(folder, file), 'utf8'))) {
      const crd = document.toJS() as ApiObject;
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`;
      await client.apply(path, crd, { manager: 'test' });
      await served(client, path);
    }
  }
}

/** A CustomResourceDefinition is served a moment after it is there. */
async function served(client: ApiClient, path: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const { status } = await client.json<{ status?: { conditions?: { type: string; status: string }[] } }>({ path });
    if (status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True')) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error(`${path} was not established`);
}

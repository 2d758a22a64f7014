/** Where the programs of a Kubernetes control plane are. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** The release that `scripts/kubernetes/build` builds. */
export const kubernetesVersion = '1.34.4';

/** Paths of the programs that a cluster consists of. */
export interface ClusterPrograms {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
}

/** Where to look, in this order; each program is taken from the first place that has it. */
export interface ProgramLookup {
  /** A folder that the user has set, as KUBEBUILDER_ASSETS has it. */
  readonly assets?: string | undefined;
  /** The user's cache directory (`XDG_CACHE_HOME`, else `~/.cache`). */
  readonly cacheDirectory: string;
}

/** A program of the control plane was not found; the message says where it was looked for and how to get it. */
export class ProgramNotFoundError extends Error {
  readonly code = 'KubernetesProgramNotFound';
  readonly retryable = false;
}

/** The folder in the user's cache where `scripts/kubernetes/build` puts what it builds. */
export function cachedPrograms(cacheDirectory: string): string {
  return join(cacheDirectory, 'heddle', 'kubernetes', kubernetesVersion);
}

/** Finds the programs of a cluster. Throws {@link ProgramNotFoundError}. */
export async function findPrograms({ assets, cacheDirectory }: ProgramLookup): Promise<ClusterPrograms> {
  const folders = [...(assets ? [assets] : []), cachedPrograms(cacheDirectory)];
  const [etcd, apiServer, controllerManager] = await Promise.all([
    find('etcd', folders),
    find('kube-apiserver', folders),
    find('kube-controller-manager', folders),
  ]);
  return { etcd, apiServer, controllerManager };
}

async function find(name: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    try {
      await access(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Absent or not executable: the next folder is tried.
    }
  }
  throw new ProgramNotFoundError(
    `${name} is not in ${folders.join(' nor in ')}: run \`scripts/kubernetes/build\` in a checkout of Heddle, or set ` +
      'KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager.',
  );
}

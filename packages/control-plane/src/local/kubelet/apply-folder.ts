import { setTimeout as delay } from 'node:timers/promises';
import { type KubeObject, type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { ApiObject } from '../../kube/kube-object.ts';
import { ResourcePaths } from '../../kube/resource-paths.ts';
import { watchManifests } from '../../sources/watch-manifests.ts';
import { withOwnFolders } from '../../sources/workloads.ts';

/** A folder, and the cluster that is to have what it holds. */
export interface AppliedFolder {
  readonly client: ApiClient;
  readonly directory: string;
  /** Told of what the cluster does not take. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

const manager = 'heddle-up';

/** What has to be there before what refers to it. */
const first = ['Namespace', 'CustomResourceDefinition', 'ServiceAccount', 'ConfigMap', 'Secret', 'Service'];

/** Milliseconds before what could not be applied is applied again. */
const retryAfter = 1000;

/**
 * Applies what a folder holds to a cluster, and what is saved or deleted in it from then on, until the signal aborts. Namespaces
 * that objects name are made where they are missing.
 */
export async function applyFolder({ client, directory, onTrouble }: AppliedFolder, signal: AbortSignal): Promise<void> {
  const folder = new Folder(client, signal, onTrouble);
  let work = Promise.resolve();
  await watchManifests(directory, signal, ({ upserts, removals }) => {
    work = work.then(async () => await folder.take(upserts, removals));
  });
  await work;
}

class Folder {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;
  readonly #onTrouble: AppliedFolder['onTrouble'];
  readonly #paths: ResourcePaths;
  readonly #namespaces = new Set(['default', '']);

  constructor(client: ApiClient, signal: AbortSignal, onTrouble: AppliedFolder['onTrouble']) {
    this.#client = client;
    this.#signal = signal;
    this.#onTrouble = onTrouble;
    this.#paths = new ResourcePaths(client);
  }

  async take(upserts: readonly SourceObject[], removals: readonly ObjectRef[]): Promise<void> {
    const objects = upserts.map(withOwnFolders).filter(({ kind }) => kind !== 'Traffic');
    for (const object of objects.toSorted((a, b) => rank(a) - rank(b))) {
      const { kind, namespace, name } = refOf(object);
      await this.#try(`${kind} ${namespace}/${name} could not be applied`, async () => await this.#apply(object));
    }
    for (const ref of removals) {
      const what = `${ref.kind} ${ref.namespace}/${ref.name} could not be deleted`;
      await this.#try(what, async () => await this.#remove(ref));
    }
  }

  async #apply(object: KubeObject): Promise<void> {
    const { namespace } = refOf(object);
    if (!this.#namespaces.has(namespace)) {
      const made = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
      await this.#client.apply(`/api/v1/namespaces/${namespace}`, made, { manager });
      this.#namespaces.add(namespace);
    }
    const { status: _status, ...written } = object;
    await this.#client.apply(await this.#paths.of(object), written, { manager });
  }

  async #remove({ apiVersion, kind, namespace, name }: ObjectRef): Promise<void> {
    const object: ApiObject = { apiVersion, kind, metadata: { name, namespace } };
    try {
      await this.#client.json({ method: 'DELETE', path: await this.#paths.of(object) });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  /** What the cluster refuses is said; what it can't do now is tried again. */
  async #try(what: string, act: () => Promise<void>): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await act();
        return;
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#onTrouble(what, error);
        if (!(error instanceof ApiError && error.retryable)) return;
        await delay(retryAfter, undefined, { signal: this.#signal }).catch(() => undefined); // the loop's condition sees the abort
      }
    }
  }
}

function rank({ kind }: KubeObject): number {
  const index = first.indexOf(kind);
  return index < 0 ? first.length : index;
}

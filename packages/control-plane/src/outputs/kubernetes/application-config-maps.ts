/**
 * What the mesh tells applications, as a ConfigMap for each service account of which a pod asks: kubelet brings it to the pods,
 * and every change of it. In: the wanted contents. Out: ConfigMaps. Only for whoever holds the Lease.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { applicationConfig, type HeldObject, type MeshModel, type Workload } from '@heddle/mesh';
import { annotations } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { applicationFile } from '../../sidecar/application-file.ts';
import { applicationFileContent } from '../application-files.ts';

/** The content of the file by `namespace/service account`. */
export type ApplicationContents = ReadonlyMap<string, string>;

/**
 * The contents for all accounts of which a pod asks, by its annotation or its namespace's. Workloads that share an account get
 * one file: that of the first by name among those that ask.
 */
export function applicationContents(model: MeshModel, objects: Iterable<HeldObject>): ApplicationContents {
  const asking = new Set<string>();
  for (const { ref, latest } of objects) {
    if (ref.kind === 'Namespace' && says(latest.object.metadata.annotations) === true) asking.add(ref.name);
  }
  const contents = new Map<string, string>();
  for (const { name, workloads } of model.namespaces.values()) {
    for (const workload of [...workloads.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))) {
      const key = `${name}/${workload.serviceAccount}`;
      if (contents.has(key) || !asks(workload, asking.has(name))) continue;
      contents.set(key, applicationFileContent(applicationConfig(model, workload)));
    }
  }
  return contents;
}

function asks({ pods }: Workload, byDefault: boolean): boolean {
  return pods.some(({ source }) => says(source.object.metadata.annotations) ?? byDefault);
}

function says(written: Readonly<Record<string, string>> | undefined): boolean | undefined {
  const text = written?.[annotations.appConfig]?.trim();
  return text === undefined || text === '' ? undefined : ['enabled', 'true', 'yes'].includes(text);
}

/** What it needs. */
export interface ApplicationConfigMapsOptions {
  readonly client: Pick<ApiClient, 'apply' | 'json'>;
  /** The name of an account's ConfigMap. */
  readonly nameOf: (serviceAccount: string) => string;
  /** Told what can't be done; it is tried again. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** Milliseconds between passes at least, and before one that failed is repeated. */
const shortestPass = 200;
const retryAfter = 2000;

/** Keeps the ConfigMaps. */
export class ApplicationConfigMaps {
  readonly #options: ApplicationConfigMapsOptions;
  readonly #applied = new Map<string, string>();
  #wanted: ApplicationContents = new Map();
  #isDirty = true;
  #wake: (() => void) | undefined;

  constructor(options: ApplicationConfigMapsOptions) {
    this.#options = options;
  }

  /** Takes what there is to be. */
  want(contents: ApplicationContents): void {
    this.#wanted = contents;
    this.#isDirty = true;
    this.#wake?.();
  }

  /** Writes what differs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#applied.clear();
    while (!signal.aborted) {
      this.#isDirty = false;
      const isDone = await this.#pass();
      await delay(isDone ? shortestPass : retryAfter, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
      if (isDone && !this.#isDirty && !signal.aborted) await this.#changed(signal);
    }
  }

  async #changed(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#wake = undefined;
  }

  async #pass(): Promise<boolean> {
    let isDone = true;
    for (const [key, content] of this.#wanted) {
      if (this.#applied.get(key) === content) continue;
      if (await this.#try(key, path => this.#apply(key, path, content))) this.#applied.set(key, content);
      else isDone = false;
    }
    for (const key of this.#applied.keys()) {
      if (this.#wanted.has(key)) continue;
      if (await this.#try(key, path => this.#options.client.json({ method: 'DELETE', path })))
        this.#applied.delete(key);
      else isDone = false;
    }
    return isDone;
  }

  async #apply(key: string, path: string, content: string): Promise<void> {
    const [namespace = '', account = ''] = key.split('/');
    const metadata = {
      name: this.#options.nameOf(account),
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'heddle' },
    };
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [applicationFile.name]: content } };
    await this.#options.client.apply(path, map, { manager: 'heddle' });
  }

  async #try(key: string, act: (path: string) => Promise<unknown>): Promise<boolean> {
    const [namespace = '', account = ''] = key.split('/');
    try {
      await act(`/api/v1/namespaces/${namespace}/configmaps/${this.#options.nameOf(account)}`);
      return true;
    } catch (error) {
      // The ConfigMap or its namespace is gone, which is as well for one that is not wanted.
      if (error instanceof ApiError && error.status === 404) return true;
      this.#options.onTrouble(`the configuration of applications of ${key}`, error);
      return false;
    }
  }
}

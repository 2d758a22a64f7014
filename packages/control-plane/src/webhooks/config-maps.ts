/**
 * ConfigMaps that the pods of a mesh mount: whom sidecars are to trust, what applications are told. In: those that there are to be.
 * Out: applied where they are not known to be right.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../kube/api-client.ts';
import type { Logger } from '../log.ts';

/** A ConfigMap as it is to be. */
export interface WantedConfigMap {
  readonly namespace: string;
  readonly name: string;
  readonly data: Readonly<Record<string, string>>;
}

/** What it takes to keep them. */
export interface ConfigMapsOptions {
  readonly client: Pick<ApiClient, 'apply'>;
  /** Asked again and again. */
  readonly wanted: () => readonly WantedConfigMap[];
  readonly log: Logger;
  /** Milliseconds between two looks at what there is to do; default one second. */
  readonly intervalMs?: number;
}

/** After so many milliseconds one is applied again, whoever has changed it. */
const trustedMs = 300_000;

/** Keeps them until the signal aborts; what fails is said, and tried again. */
export async function keepConfigMaps(options: ConfigMapsOptions, signal: AbortSignal): Promise<void> {
  const { wanted, intervalMs = 1000 } = options;
  let applied = new Map<string, { readonly content: string; readonly at: number }>();
  while (!signal.aborted) {
    const next: typeof applied = new Map();
    for (const map of wanted()) {
      const key = `${map.namespace}/${map.name}`;
      const content = JSON.stringify(map.data);
      const last = applied.get(key);
      const isRight = last?.content === content && performance.now() - last.at < trustedMs;
      if (isRight) next.set(key, last);
      else if (await applyOne(options, map)) next.set(key, { content, at: performance.now() });
    }
    applied = next;
    await delay(intervalMs, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
  }
}

async function applyOne(
  { client, log }: ConfigMapsOptions,
  { namespace, name, data }: WantedConfigMap,
): Promise<boolean> {
  const labels = { 'app.kubernetes.io/managed-by': 'heddle' };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data };
  try {
    await client.apply(`/api/v1/namespaces/${namespace}/configmaps/${name}`, object, { manager: 'heddle' });
    return true;
  } catch (error) {
    log.error('a ConfigMap of a namespace could not be applied; it is tried again', error, { namespace, name });
    return false;
  }
}

/**
 * The ConfigMap `heddle-identity` in every namespace of the mesh: whom sidecars are to trust, and where Envoy finds that and its
 * token. In: which namespaces there are. Out: ConfigMaps, applied where they are not known to be right.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { identityConfigMap, identityFiles } from '../inject/sidecar-container.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type { Logger } from '../log.ts';

/** What it keeps. */
export interface IdentityConfigMapsOptions {
  readonly client: Pick<ApiClient, 'apply'>;
  /** Names of the namespaces in the mesh; asked again and again. */
  readonly namespaces: () => readonly string[];
  readonly trustBundlePem: () => string;
  readonly log: Logger;
  /** Milliseconds between two looks at what there is to do; default one second. */
  readonly intervalMs?: number;
}

/** After so many milliseconds one is applied again, whoever has changed it. */
const trustedMs = 300_000;

/** Keeps them until the signal aborts; what fails is said, and tried again. */
export async function keepIdentityConfigMaps(options: IdentityConfigMapsOptions, signal: AbortSignal): Promise<void> {
  const { namespaces, trustBundlePem, intervalMs = 1000 } = options;
  const applied = new Map<string, { readonly bundle: string; readonly at: number }>();
  while (!signal.aborted) {
    const bundle = trustBundlePem();
    const wanted = namespaces();
    for (const namespace of wanted) {
      const last = applied.get(namespace);
      if (last?.bundle === bundle && performance.now() - last.at < trustedMs) continue;
      if (await applyOne(options, namespace, bundle)) applied.set(namespace, { bundle, at: performance.now() });
    }
    for (const namespace of applied.keys()) if (!wanted.includes(namespace)) applied.delete(namespace);
    await delay(intervalMs, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
  }
}

async function applyOne(
  { client, log }: IdentityConfigMapsOptions,
  namespace: string,
  bundle: string,
): Promise<boolean> {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: identityConfigMap, namespace, labels: { 'app.kubernetes.io/managed-by': 'heddle' } },
    data: identityFiles(bundle),
  };
  try {
    await client.apply(`/api/v1/namespaces/${namespace}/configmaps/${identityConfigMap}`, object, {
      manager: 'heddle',
    });
    return true;
  } catch (error) {
    log.error('sidecars of a namespace could not be told whom to trust; it is tried again', error, { namespace });
    return false;
  }
}

/**
 * Keeps the webhooks reachable: makes and renews their certificate, which replicas share in a Secret, and puts what it is
 * trusted by into the configurations of the API server, also after somebody has removed it. In: an API server. Out: the
 * certificate to serve with. Whoever does it, the outcome is the same, so every replica does.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeObject } from '@heddle/smi';
import { readServing, renewServing, type ServingIdentity, writeServing } from '../identity/serving-certificate.ts';
import { textsIn } from '../inject/pod-to-inject.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Logger } from '../log.ts';
import { isRecord, recordOf } from '../sources/record.ts';

/** What it keeps. */
export interface CertificateKeeperOptions {
  readonly client: ApiClient;
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly dnsNames: readonly string[];
  /** The configurations as they are to be, for what the certificate is trusted by (PEM). */
  readonly configurations: (trustBundlePem: string) => readonly KubeObject[];
  /** Told of the certificate to serve with, the first one included. */
  readonly onCertificate: (identity: ServingIdentity) => void;
  readonly now: () => Date;
  /** Milliseconds between two looks; default 10 s. */
  readonly intervalMs?: number;
  readonly log: Logger;
}

/** Whose fields the configurations are. */
export const keeperName = 'heddle-certificates';

/** Looks after the certificate until the signal of `run` aborts. */
export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  #served: ServingIdentity | undefined;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
  }

  /** Looks again and again; what fails is said, and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, intervalMs = 10_000 } = this.#options;
    while (!signal.aborted) {
      try {
        await this.look();
      } catch (error) {
        log.error('the certificate of the webhooks could not be looked after; the one that there is stays', error);
      }
      await delay(intervalMs, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    }
  }

  /**
   * Looks once: renews what is due, and mends the configurations. They trust a new certificate before it is served.
   * @throws ApiError
   */
  async look(): Promise<ServingIdentity> {
    const identity = await this.#identity();
    for (const wanted of this.#options.configurations(identity.trustBundlePem)) await this.#mend(wanted);
    if (this.#served?.serving.certificatePem !== identity.serving.certificatePem) {
      this.#served = identity;
      this.#options.onCertificate(identity);
    }
    return identity;
  }

  async #identity(): Promise<ServingIdentity> {
    const { client, secret, dnsNames, now, log } = this.#options;
    const folder = `/api/v1/namespaces/${secret.namespace}/secrets`;
    for (;;) {
      const stored = await found<KubeObject>(client, `${folder}/${secret.name}`);
      const before = stored && readServing(decoded(stored));
      const identity = renewServing(before, dnsNames, now());
      if (identity === before) return identity;
      try {
        await this.#store(folder, stored, identity);
        log.info('the webhooks have a new certificate', { secret: `${secret.namespace}/${secret.name}` });
        return identity;
      } catch (error) {
        // Another replica was faster: what it has made is used.
        if (!(error instanceof ApiError) || error.status !== 409) throw error;
      }
    }
  }

  async #store(folder: string, stored: KubeObject | undefined, identity: ServingIdentity): Promise<void> {
    const { client, secret } = this.#options;
    const data = Object.fromEntries(
      Object.entries(writeServing(identity)).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    );
    if (stored !== undefined) {
      const path = `${folder}/${secret.name}`;
      await client.json({ method: 'PUT', path, body: { ...stored, data } });
      return;
    }
    const body = { apiVersion: 'v1', kind: 'Secret', metadata: secret, type: 'Opaque', data };
    await client.json({ method: 'POST', path: folder, body });
  }

  /** A definition that is not there is nobody's to make but who installs: all of it is not known here. */
  async #mend(wanted: KubeObject): Promise<void> {
    const { client, log } = this.#options;
    const isDefinition = wanted.kind === 'CustomResourceDefinition';
    const own = isDefinition ? conversionOf(wanted) : wanted;
    if (own === undefined) return;
    const path = pathOf(wanted);
    const present = await found<KubeObject>(client, path);
    if (present === undefined ? isDefinition : includes(present, own)) return;
    await client.apply(path, own, { manager: keeperName });
    log.info('a configuration of the webhooks was mended', { kind: wanted.kind, name: wanted.metadata.name });
  }
}

const collections: Readonly<Record<string, string>> = {
  ValidatingWebhookConfiguration: 'validatingwebhookconfigurations',
  MutatingWebhookConfiguration: 'mutatingwebhookconfigurations',
  CustomResourceDefinition: 'customresourcedefinitions',
};

function pathOf({ apiVersion, kind, metadata }: KubeObject): string {
  return `/apis/${apiVersion}/${collections[kind] ?? ''}/${metadata.name}`;
}

/** How a definition's versions are converted, and nothing else of it; undefined where there is but one. */
function conversionOf({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject | undefined {
  const { conversion } = recordOf(spec);
  if (conversion === undefined) return undefined;
  return { apiVersion, kind, metadata: { name: metadata.name }, spec: { conversion } };
}

/** Whether all that is wanted is there; what the server adds is no difference. */
function includes(present: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const items: readonly unknown[] = Array.isArray(present) ? present : [];
    if (wanted.every(hasName)) {
      return wanted.every(item =>
        items.some(other => hasName(other) && other.name === item.name && includes(other, item)),
      );
    }
    return items.length === wanted.length && wanted.every((item: unknown, index) => includes(items[index], item));
  }
  if (!isRecord(wanted)) return present === wanted;
  return isRecord(present) && Object.entries(wanted).every(([field, value]) => includes(present[field], value));
}

/** Lists of such items are merged by their names: what others have added is none of ours. */
function hasName(item: unknown): item is { readonly name: string } {
  return isRecord(item) && typeof item['name'] === 'string';
}

function decoded({ data }: KubeObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(textsIn(data)).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
  );
}

async function found<T>(client: ApiClient, path: string): Promise<T | undefined> {
  try {
    return await client.json<T>({ path });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** The wiring of a cluster's webhooks: an API server and the state of the mesh in, answers to its reviews out. */
import { setTimeout as delay } from 'node:timers/promises';
import { applicationConfig, defaultSettings, type HeldObject, heldObjects } from '@heddle/mesh';
import type { ServingIdentity } from './identity/serving-certificate.ts';
import { enrolmentLabel, formerEnrolmentLabel } from './inject/decide-injection.ts';
import type { NamespaceMarks } from './inject/pod-to-inject.ts';
import type { InjectionSettings } from './inject/settings.ts';
import { identityConfigMap, identityFiles } from './inject/sidecar-container.ts';
import { injectionSettings, type Release, webhookSettings } from './install/settings-of-values.ts';
import type { Values } from './install/values.ts';
import {
  convertedDefinitions,
  injectingConfiguration,
  validatingConfiguration,
  type WebhookSettings,
  type WebhookTarget,
} from './install/webhook-configurations.ts';
import type { ApiClient } from './kube/api-client.ts';
import type { Logger } from './log.ts';
import type { State } from './loop.ts';
import { applicationFileContent } from './outputs/application-files.ts';
import { applicationConfigMaps } from './webhooks/application-config-maps.ts';
import { CertificateKeeper } from './webhooks/certificate-keeper.ts';
import { keepConfigMaps, type WantedConfigMap } from './webhooks/config-maps.ts';
import { Rehearsal } from './webhooks/rehearsal.ts';
import { webhookHandlers } from './webhooks/webhook-handlers.ts';
import { type ServingCertificate, WebhookServer } from './webhooks/webhook-server.ts';

/** What the webhooks of a cluster need. */
export interface ClusterWebhooksOptions {
  readonly client: ApiClient;
  readonly release: Release;
  readonly values: Values;
  /** Names by which the API server asks for them. */
  readonly dnsNames: readonly string[];
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Where the API server finds them; default: the Service of the control plane. */
  readonly target?: (port: number) => WebhookTarget;
  /** What the mesh has come to; undefined before the first pass. */
  readonly state: () => State | undefined;
  /** The roots of the mesh, as PEM. */
  readonly trustBundlePem: () => string;
  readonly log: Logger;
}

/** Runs them until the signal aborts. They answer as soon as they have a certificate, before anything is known of the mesh. */
export async function runClusterWebhooks(options: ClusterWebhooksOptions, signal: AbortSignal): Promise<void> {
  const { client, release, values, state, log } = options;
  const native = await hasNativeSidecars(client, log, signal);
  const injection = injectionSettings(values, release, native);
  const settings = () => state()?.model.settings ?? defaultSettings;
  const rehearsal = new Rehearsal(() => {
    const now = state();
    return now && { objects: () => heldObjects(now), settings: now.model.settings };
  });
  const handlers = webhookHandlers(
    { rehearsal, settings },
    {
      settings: () => ({ ...injection, ...logLevelIn(state()), dnsServers: dnsServersIn(state()) }),
      namespace: async name => await marksOf(client, name),
    },
  );
  const serving = new Serving(options, handlers, signal);
  const keeper = new CertificateKeeper({
    client,
    secret: { namespace: release.namespace, name: 'heddle-webhook-certificate' },
    dnsNames: options.dnsNames,
    configurations: bundle => serving.configurations(bundle),
    onCertificate: identity => serving.use(identity),
    now: () => new Date(),
    log,
  });
  const wanted = () => wantedIn(state(), { meshName: values.meshName, trustBundlePem: options.trustBundlePem() });
  await Promise.all([keeper.run(signal), keepConfigMaps({ client, wanted, log }, signal)]);
}

/** The server, from the first certificate on; what the API server is told is where it listens. */
class Serving {
  readonly #options: ClusterWebhooksOptions;
  readonly #handlers: ReturnType<typeof webhookHandlers>;
  readonly #signal: AbortSignal;
  #server: WebhookServer | undefined;
  #port: number | undefined;

  constructor(options: ClusterWebhooksOptions, handlers: ReturnType<typeof webhookHandlers>, signal: AbortSignal) {
    this.#options = options;
    this.#handlers = handlers;
    this.#signal = signal;
  }

  use(identity: ServingIdentity): void {
    const certificate = pemOf(identity);
    if (this.#server !== undefined) return this.#server.useCertificate(certificate);
    const { host, port, log } = this.#options;
    this.#server = new WebhookServer({ handlers: this.#handlers, certificate, host, port, log });
    this.#server.listen().then(
      listening => {
        this.#port = listening;
        log.info('webhooks are served', { port: listening });
      },
      (error: unknown) => {
        log.error('webhooks can not be served', error, { host, port });
        this.#server = undefined;
      },
    );
    void this.#server.run(this.#signal);
  }

  /** Nothing before it listens where its port is not known before. */
  configurations(trustBundlePem: string) {
    const { values, release, target } = this.#options;
    if (target !== undefined && this.#port === undefined) return [];
    const settings: WebhookSettings = {
      ...webhookSettings(values, release),
      ...(target !== undefined && { target: target(this.#port ?? 0) }),
      trustBundlePem,
    };
    return [...convertedDefinitions(settings), validatingConfiguration(settings), injectingConfiguration(settings)];
  }
}

function pemOf({ serving }: ServingIdentity): ServingCertificate {
  return { certificatePem: serving.certificatePem, privateKeyPem: serving.privateKey.reveal() };
}

/** Milliseconds before an API server that does not answer is asked again. */
const retryMs = 1000;

/** Kubernetes has native sidecars from 1.29 on, without anybody enabling them. */
async function hasNativeSidecars(client: ApiClient, log: Logger, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    try {
      const { major, minor } = await client.json<{ major: string; minor: string }>({ path: '/version', signal });
      return Number.parseInt(major, 10) > 1 || Number.parseInt(minor, 10) >= 29;
    } catch (error) {
      if (!signal.aborted) log.error('the API server does not say its version; it is asked again', error);
      await delay(retryMs, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    }
  }
  return true;
}

/** As they are now: what is known of the cluster may be older than the pod. */
async function marksOf(client: ApiClient, name: string): Promise<NamespaceMarks> {
  const { metadata } = await client.json<{
    metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  }>({ path: `/api/v1/namespaces/${name}` });
  return { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} };
}

function objectsIn(state: State | undefined, kind: string): readonly HeldObject['latest']['object'][] {
  if (state === undefined) return [];
  return [...heldObjects(state)].flatMap(({ latest: { object } }) => (object.kind === kind ? [object] : []));
}

interface MeshOfMaps {
  readonly meshName: string;
  readonly trustBundlePem: string;
}

const applications = new WeakMap<State, readonly WantedConfigMap[]>();

/** The ConfigMaps of every namespace of the mesh: whom sidecars trust, and what applications are told. */
function wantedIn(state: State | undefined, { meshName, trustBundlePem }: MeshOfMaps): readonly WantedConfigMap[] {
  if (state === undefined) return [];
  const namespaces = objectsIn(state, 'Namespace').map(({ metadata }) => metadata);
  const data = identityFiles(trustBundlePem);
  const identities = namespaces.flatMap(({ name, labels = {} }) =>
    [labels[enrolmentLabel], labels[formerEnrolmentLabel]].includes(meshName)
      ? [{ namespace: name, name: identityConfigMap, data }]
      : [],
  );
  const annotations = new Map(namespaces.map(({ name, annotations: texts = {} }) => [name, texts]));
  const { model } = state;
  const told =
    applications.get(state) ??
    applicationConfigMaps({
      model,
      annotationsOf: name => annotations.get(name) ?? {},
      content: workload => applicationFileContent(applicationConfig(model, workload)),
    });
  applications.set(state, told);
  return [...identities, ...told];
}

const dnsServers = new WeakMap<State, readonly string[]>();

/** The Service by which clusters have their DNS; many pods are often made at once. */
function dnsServersIn(state: State | undefined): readonly string[] {
  if (state === undefined) return [];
  const known = dnsServers.get(state) ?? findDnsServers(state);
  dnsServers.set(state, known);
  return known;
}

function findDnsServers(state: State): readonly string[] {
  return objectsIn(state, 'Service').flatMap(({ metadata, spec }) => {
    if (metadata.namespace !== 'kube-system' || metadata.labels?.['k8s-app'] !== 'kube-dns') return [];
    const { clusterIP, clusterIPs } = spec as { clusterIP?: unknown; clusterIPs?: unknown };
    const all: readonly unknown[] = Array.isArray(clusterIPs) ? clusterIPs : [clusterIP];
    return all.filter(address => typeof address === 'string' && address !== 'None' && address !== '') as string[];
  });
}

/** What sidecars that start now are to log, where the MeshConfig says something else than the default; else the installation does. */
function logLevelIn(state: State | undefined): Pick<InjectionSettings, 'logLevel'> | undefined {
  const logLevel = state?.model.settings.sidecar.logLevel;
  return logLevel === undefined || logLevel === defaultSettings.sidecar.logLevel ? undefined : { logLevel };
}

import { setTimeout as delay } from 'node:timers/promises';
import { defaultSettings, type MeshSettings, startSettings } from '@heddle/mesh';
import { type ClusterWebhooksOptions, runClusterWebhooks } from './cluster-webhooks.ts';
import { Controller } from './controller.ts';
import { CertificateAuthority } from './identity/ca.ts';
import type { ApiClient } from './kube/api-client.ts';
import { standForElection } from './kube/leader-election.ts';
import type { Logger } from './log.ts';
import type { State } from './loop.ts';
import { serveMetrics } from './metrics/server.ts';
import { admitSidecar } from './outputs/kubernetes/admit-sidecar.ts';
import { sharedAuthority } from './outputs/kubernetes/authority-secret.ts';
import { ClusterReports } from './outputs/kubernetes/cluster-reports.ts';
import { logicalRoots } from './outputs/kubernetes/root-service.ts';
import { RootServices } from './outputs/kubernetes/root-services.ts';
import { type KindTrouble, KubernetesSource } from './sources/kubernetes/kubernetes-source.ts';
import { meshConfigsAtStart } from './sources/kubernetes/mesh-config.ts';
import type { Authenticate, ServerCertificate } from './xds/server.ts';

/** What the controller of a cluster's mesh needs. */
export interface KubernetesControllerOptions {
  readonly client: ApiClient;
  /** Where Heddle itself runs. */
  readonly namespace: string;
  /** Tells this replica from all others, and from itself before a restart. */
  readonly identity: string;
  /** Names of the control plane in DNS; sidecars ask for the first one. */
  readonly dnsNames: readonly [string, ...string[]];
  /** Where sidecars connect. */
  readonly xds: { readonly host: string; readonly port: number };
  /** Where `/metrics`, `/healthz` and `/readyz` are. */
  readonly metrics: { readonly host: string; readonly port: number };
  /** Whom tokens of sidecars are for. */
  readonly audience: string;
  /** What the MeshConfig of the cluster is laid over. */
  readonly settings: Partial<MeshSettings>;
  /** The webhooks that this replica answers; absent: none. */
  readonly webhooks?: Pick<ClusterWebhooksOptions, 'host' | 'port' | 'target' | 'values'> & {
    readonly version: string;
  };
  /** Told once where it can be reached. */
  readonly onListening?: (at: { readonly xds: string; readonly metrics: string }) => void;
  readonly log: Logger;
}

const now = (): Date => new Date();

/** The Lease whose holder writes statuses and events. */
const writerLease = 'heddle-writer';

/** Milliseconds for which the certificate of the discovery service is valid; a third of that later there is a new one (no timer is longer than 24 days). */
const servingLifetimeMs = 60 * 24 * 3_600_000;

/**
 * Runs the controller of a cluster's mesh until the signal aborts: the cluster in, sidecars out. Any number of replicas may:
 * each serves every sidecar, and what they make of the same cluster is the same.
 */
export async function runKubernetesController(
  options: KubernetesControllerOptions,
  signal: AbortSignal,
): Promise<void> {
  const { client, namespace, log } = options;
  const settings = startSettings({ ...defaultSettings, ...options.settings }, await meshConfigsAtStart(client));
  const { trustDomain } = settings;
  const pem = await sharedAuthority({
    client,
    namespace,
    make: () => new CertificateAuthority({ trustDomain, now }).pem(),
  });
  const authority = new CertificateAuthority({ trustDomain, now, pem });
  const source = new KubernetesSource({
    client,
    onTrouble: trouble => tell(trouble, log),
    onPolicy: (ref, object) => reports.see(ref, object),
    onService: (ref, object) => roots.see(ref, object),
    onRecovered: ({ plural, group }) => log.info('listed again', { object: named(plural, group) }),
  });
  let state: State | undefined;
  const controller = new Controller({
    settings,
    authority,
    sources: [source],
    // All sidecars share one port, where each proves who it is.
    open: async () => await Promise.resolve(undefined),
    isOneOfMany: true,
    onState: made => {
      state = made;
      roots.want(logicalRoots(made.model));
    },
    log,
  });
  const reports = new ClusterReports({
    client,
    report: () => controller.report.status(),
    now,
    onTrouble: (what, error) => log.error('what became of an object could not be said on it', error, { what }),
  });
  const roots = new RootServices({
    client,
    onTrouble: (what, error) => log.error('not made or removed', error, { what }),
  });
  controller.report.onChange(() => reports.changed());
  const metrics = await serveMetrics(options.metrics.port, controller.report, signal, options.metrics.host);
  const { audience } = options;
  const authenticate = admitSidecar({ client, audience, podAt: (of, pod) => source.pod(of, pod), now });
  const serving = serveSidecars({ options, controller, authority, authenticate }, signal, xds => {
    options.onListening?.({ xds, metrics: `${options.metrics.host}:${metrics.port}` });
  });
  const webhooks = answerReviews(options, { state: () => state, authority }, signal);
  const election = electWriter(options, [reports, roots], signal);
  await Promise.all([controller.run(signal), serving, webhooks, election]);
}

/** The API server asks the Service of the control plane, as sidecars do. */
async function answerReviews(
  { client, namespace, dnsNames, webhooks, log }: KubernetesControllerOptions,
  { state, authority }: { readonly state: () => State | undefined; readonly authority: CertificateAuthority },
  signal: AbortSignal,
): Promise<void> {
  if (webhooks === undefined) return;
  const release = { namespace, version: webhooks.version };
  const trustBundlePem = (): string => authority.trustBundlePem;
  await runClusterWebhooks({ ...webhooks, client, release, dnsNames, state, trustBundlePem, log }, signal);
}

/** One replica at a time says on objects what became of them. */
async function electWriter(
  { client, namespace, identity, log }: KubernetesControllerOptions,
  writers: readonly { run(signal: AbortSignal): Promise<void> }[],
  signal: AbortSignal,
): Promise<void> {
  const onTrouble = (error: unknown): void =>
    log.error('the Lease of the writer can’t be asked for', error, { lease: writerLease });
  await standForElection(
    { client, namespace, name: writerLease, identity, onTrouble },
    async leading => {
      log.info('this replica says on objects what became of them', { identity });
      await Promise.all(writers.map(async writer => await writer.run(leading)));
    },
    signal,
  );
}

interface Serving {
  readonly options: KubernetesControllerOptions;
  readonly controller: Controller;
  readonly authority: CertificateAuthority;
  readonly authenticate: Authenticate;
}

/** Serves on one port, with a new certificate in time. */
async function serveSidecars(
  { options, controller, authority, authenticate }: Serving,
  signal: AbortSignal,
  onListening: (address: string) => void,
): Promise<void> {
  const issue = (): ServerCertificate => {
    const { certificateChainPem, privateKey } = authority.issueServing(options.dnsNames, servingLifetimeMs);
    return { certificatePem: certificateChainPem, privateKeyPem: privateKey.reveal() };
  };
  let replace: ((certificate: ServerCertificate) => void) | undefined;
  const { address } = await controller.listen({
    ...options.xds,
    certificate: issue(),
    authenticate,
    onCertificate: by => {
      replace = by;
    },
  });
  onListening(address);
  while (!signal.aborted) {
    await delay(servingLifetimeMs / 3, undefined, { signal, ref: false }).catch(() => undefined); // the loop's condition sees the abort
    if (!signal.aborted) replace?.(issue());
  }
}

function tell({ kind, reason, hint, isRefused }: KindTrouble, log: Logger): void {
  const fields = { object: named(kind.plural, kind.group), reason, hint };
  // A cluster without it lacks nothing.
  if (kind.optional && isRefused) log.verbose(2, 'failed to list an optional kind', fields);
  else if (kind.policy) log.info('failed to list SMI policy', fields);
  else log.info('failed to list objects of the cluster', fields);
}

function named(plural: string, group: string): string {
  return group === '' ? plural : `${plural}.${group}`;
}

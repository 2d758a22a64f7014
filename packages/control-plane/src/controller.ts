import { defaultSettings, type EnvoyTarget, type MeshSettings } from '@heddle/mesh';
import { refOf } from '@heddle/smi';
import { AppliedChanges } from './api/applied-changes.ts';
import { type MeshStatus, meshStatus } from './api/mesh-status.ts';
import { RemarkLog, remarksOn } from './api/remark-log.ts';
import type { StatusSource } from './api/server.ts';
import { Transitions } from './api/transitions.ts';
import type { CertificateAuthority } from './identity/ca.ts';
import { WorkloadSecrets } from './identity/secrets.ts';
import type { UnreadyPod } from './local/controller/unready-pods.ts';
import type { Logger } from './log.ts';
import { Loop, type State } from './loop.ts';
import { MeshMetrics } from './metrics/mesh-metrics.ts';
import type { Telling } from './metrics/server.ts';
import { EnvoySidecars, type EnvoySidecarsOptions } from './outputs/envoy-sidecars.ts';
import type { Output } from './outputs/output.ts';
import type { SidecarRef } from './outputs/sidecar-ref.ts';
import type { Delivery, Source } from './sources/source.ts';
import { type XdsListening, type XdsObserver, XdsServer } from './xds/server.ts';
import type { Rejection } from './xds/stream.ts';

/** What a controller is made of; where objects come from and how sidecars connect is its surroundings' matter. */
export interface ControllerOptions {
  readonly settings?: Partial<MeshSettings>;
  readonly authority: CertificateAuthority;
  readonly sources: readonly Source[];
  /** Besides the sidecars. */
  readonly outputs?: readonly Output[];
  readonly frontDoor?: EnvoyTarget['frontDoor'];
  /** Opens the way by which a sidecar reaches its configuration, on the server that it is given. */
  readonly open: (sidecar: SidecarRef, xds: XdsServer) => Promise<XdsListening | undefined>;
  /** Makes what renders for sidecars; Heddle's own unless given. */
  readonly createRenderer?: EnvoySidecarsOptions['createRenderer'];
  /** Default: the system's clock. */
  readonly now?: () => Date;
  /** Pods that are not ready, of these sidecars and others. */
  readonly unready?: (sidecars: readonly SidecarRef[]) => readonly UnreadyPod[];
  /** Told after every pass what the mesh has come to. */
  readonly onState?: (state: State) => void;
  /** Where what it counts can be read, once that is known. */
  readonly metricsUrl?: () => string | undefined;
  readonly log: Logger;
}

/**
 * Wires sources, loop and outputs, and holds no state of its own that it could not make again: it may be killed at any time,
 * sidecars go on without it.
 */
export class Controller implements StatusSource, Telling {
  readonly #xds: XdsServer;
  readonly #secrets: WorkloadSecrets;
  readonly #sidecars: EnvoySidecars;
  readonly #loop: Loop;
  readonly #frontDoor: EnvoyTarget['frontDoor'];
  readonly #unready: ControllerOptions['unready'];
  readonly #since = new Date();
  readonly #metricsUrl: ControllerOptions['metricsUrl'];
  readonly #metrics = new MeshMetrics();
  readonly #remarks: RemarkLog;
  readonly #changes: AppliedChanges;
  readonly #transitions = new Transitions(() => new Date());
  readonly #listeners = new Set<() => void>();
  /** Node ids of sidecars that have refused something since they were last in sync. */
  readonly #obstructed = new Set<string>();
  #state: State | undefined;
  #authority: MeshStatus['authority'] = { issuer: '', trusted: [] };
  #status: MeshStatus | undefined;
  #notified = false;

  constructor(options: ControllerOptions) {
    const { authority, log, now = () => new Date() } = options;
    this.#frontDoor = options.frontDoor;
    this.#unready = options.unready;
    this.#metricsUrl = options.metricsUrl;
    this.#remarks = new RemarkLog(log);
    this.#changes = new AppliedChanges(
      () => performance.now(),
      change => this.#metrics.countChange(change),
    );
    this.#xds = new XdsServer({ observer: this.#observer(log) });
    this.#secrets = new WorkloadSecrets({
      authority,
      now,
      onRenewed: () => this.#loop.poke(),
      onIssued: () => this.#metrics.registry.add('heddle_certificates_issued_total', {}),
    });
    this.#sidecars = new EnvoySidecars({
      xds: this.#xds,
      secrets: this.#secrets,
      target: () => ({
        trustBundle: this.#secrets.authority.trustBundlePem,
        ...(options.frontDoor && { frontDoor: options.frontDoor }),
      }),
      open: sidecar => options.open(sidecar, this.#xds),
      ...(options.createRenderer && { createRenderer: options.createRenderer }),
      onFailure: ({ error, sidecars }) => {
        const fields = { sidecars: sidecars.length, nodeId: sidecars[0]?.nodeId };
        log.error('sidecars could not be given their configuration; what they had stays in force', error, fields);
      },
    });
    this.#loop = new Loop({
      settings: { ...defaultSettings, ...options.settings },
      sources: options.sources,
      outputs: [this.#sidecars, ...(options.outputs ?? [])],
      onDelivery: (source, delivery) => this.#delivered(source, delivery, log),
      onState: state => {
        this.#published(state, log);
        options.onState?.(state);
      },
      onFailure: (part, error) => {
        log.error('a pass of the loop failed; what was in force stays in force', error, { part });
        this.#metrics.registry.add('heddle_hop_failures_total', { hop: part });
        this.changed();
      },
    });
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#loop.run(signal), this.#xds.run(signal), this.#secrets.run(signal)]);
  }

  /** Puts another authority in the place of the one that signs now; sidecars follow with the next pass. */
  replaceAuthority(authority: CertificateAuthority): void {
    this.#secrets.replaceAuthority(authority);
  }

  /** How the mesh is; `undefined` before the first pass. Put together once a change, whoever asks. */
  status(): MeshStatus | undefined {
    if (this.#state === undefined) return undefined;
    const nodes = this.#xds.status();
    this.#status ??= meshStatus({
      state: this.#state,
      failing: this.#loop.failing,
      sidecars: this.#sidecars.sidecars,
      output: this.#sidecars.output,
      authority: this.#authority,
      rejections: this.#sidecars.rejections(nodes),
      refusals: this.#sidecars.refusals,
      nodes,
      frontDoor: this.#frontDoor?.workload,
      unready: this.#unready?.(this.#sidecars.sidecars) ?? [],
      lastChange: this.#changes.last,
      since: this.#since,
      transitions: this.#transitions,
      metrics: this.#metricsUrl?.(),
      remarks: this.#remarks.current,
    });
    return this.#status;
  }

  /** What it counts, in Prometheus' text format. */
  metrics(): string {
    const status = this.status();
    const now = this.#state &&
      status && { status, objects: this.#state.objects(), namespaces: this.#state.model.namespaces.keys() };
    return this.#metrics.text(now);
  }

  isReady(): boolean {
    return this.#state !== undefined;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #delivered(source: string, { delta, findings, written }: Delivery, log: Logger): void {
    if (written !== undefined) this.#changes.delivered(written.upserts, written.removals);
    log.verbose(4, 'a source delivered', {
      source,
      upserts: delta.upserts.map(({ object }) => refOf(object)),
      removals: delta.removals,
      findings: findings.length,
    });
  }

  #observer(log: Logger): XdsObserver {
    const metrics = this.#metrics;
    return {
      connected: event => {
        log.verbose(4, 'a sidecar connected', { ...event });
      },
      disconnected: event => {
        log.verbose(4, 'a sidecar disconnected', { ...event });
      },
      moved: () => {
        this.#settle();
        this.changed();
      },
      refused: event => {
        log.info('a stream was refused', { ...event });
        metrics.registry.add('heddle_xds_refused_streams_total', {});
      },
      synced: ({ node }) => {
        log.verbose(4, 'a sidecar is in sync', { node });
        this.#changes.synced(node);
        this.#acknowledged(node);
        this.#settle();
        this.changed();
      },
      sent: event => {
        log.verbose(4, 'sent', { ...event });
        metrics.countXds('pushes', event.typeUrl);
      },
      acknowledged: event => {
        log.verbose(4, 'acknowledged', { ...event });
        metrics.countXds('acknowledgements', event.typeUrl);
        if (this.#obstructed.has(event.node)) this.#acknowledged(event.node);
        this.changed();
      },
      rejected: event => {
        const { message: reason, ...rest } = event;
        log.info('a sidecar rejected resources', { ...rest, reason });
        metrics.countXds('rejections', event.typeUrl);
        this.#rejected(event);
      },
    };
  }

  #acknowledged(nodeId: string): void {
    const node = this.#xds.statusOf(nodeId);
    const workload = this.#sidecars.workloadOf(nodeId);
    if (node === undefined || workload === undefined) return;
    if (node.inSync) this.#obstructed.delete(nodeId);
    this.#metrics.ledger.acknowledged(node, workload);
  }

  /** From then on each acknowledgement of the sidecar is looked at by itself: all of it may never come. */
  #rejected(event: Rejection & { readonly node: string }): void {
    if (this.#sidecars.rejected(event)) this.#loop.poke();
    this.#obstructed.add(event.node);
    const node = this.#xds.statusOf(event.node);
    if (node !== undefined) this.#metrics.ledger.refused(this.#sidecars.rejections([node]));
    this.#acknowledged(event.node);
    this.changed();
  }

  #published(state: State, log: Logger): void {
    this.#state = state;
    const { issuer, trusted } = this.#secrets.authority;
    this.#authority = { issuer, trusted };
    const { changed, sidecars, setAside, output } = this.#sidecars;
    // One that is in sync already was sent nothing that it asked for.
    const awaited = new Set([...changed].filter(nodeId => !this.#xds.isInSync(nodeId)));
    this.#changes.published(state.revision, awaited, new Set(sidecars.map(({ nodeId }) => nodeId)));
    this.#metrics.registry.add('heddle_passes_total', {});
    this.#metrics.ledger.published({
      objects: state.objects(),
      findings: [...state.findings(), ...this.#sidecars.rejections([])],
      sidecars,
      output,
      awaited,
    });
    this.#remarks.note(remarksOn(state));
    this.#sidecars.retain(state.objects);
    this.#settle();
    log.verbose(4, 'published', { revision: state.revision, sidecars: changed.size, setAside });
    this.changed();
  }

  /** Asks for another pass where that helps to find out which object sidecars refuse. */
  #settle(): void {
    if (this.#sidecars.settle()) this.#loop.poke();
  }

  /** Something that the status shows has changed. Listeners hear of many changes that come together once. */
  changed(): void {
    this.#status = undefined;
    if (this.#notified) return;
    this.#notified = true;
    setImmediate(() => {
      this.#notified = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

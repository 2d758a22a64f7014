import { type EnvoyTarget, heldChanges, heldObjects } from '@heddle/mesh';
import { refOf } from '@heddle/smi';
import { AppliedChanges } from './api/applied-changes.ts';
import { type MeshStatus, meshStatus } from './api/mesh-status.ts';
import { RemarkLog, remarksOn } from './api/remark-log.ts';
import type { StatusSource } from './api/server.ts';
import { Transitions } from './api/transitions.ts';
import type { WorkloadSecrets } from './identity/secrets.ts';
import type { UnreadyPod } from './local/controller/unready-pods.ts';
import type { Logger } from './log.ts';
import type { Loop, State } from './loop.ts';
import { MeshMetrics } from './metrics/mesh-metrics.ts';
import type { Telling } from './metrics/server.ts';
import type { EnvoySidecars } from './outputs/envoy-sidecars.ts';
import type { SidecarRef } from './outputs/sidecar-ref.ts';
import type { Delivery } from './sources/source.ts';
import type { XdsObserver, XdsServer } from './xds/server.ts';
import type { Rejection } from './xds/stream.ts';

/** What is reported on. */
export interface ReportedMesh {
  readonly loop: Loop;
  readonly xds: XdsServer;
  readonly sidecars: EnvoySidecars;
  readonly secrets: WorkloadSecrets;
}

/** What a report needs. */
export interface MeshReportOptions {
  /** Asked for when something happens, never before everything is wired. */
  readonly mesh: () => ReportedMesh;
  readonly frontDoor?: EnvoyTarget['frontDoor'];
  /** Pods that are not ready, of these sidecars and others. */
  readonly unready?: (sidecars: readonly SidecarRef[]) => readonly UnreadyPod[];
  /** Whether other replicas serve sidecars, too. Default false. */
  readonly isOneOfMany?: boolean;
  /** Where what it counts can be read, once that is known. */
  readonly metricsUrl?: () => string | undefined;
  readonly log: Logger;
}

/** Follows loop and streams of a controller, and tells what came of it: as status, as metrics, in the log. Changes nothing. */
export class MeshReport implements StatusSource, Telling {
  /** To be told what happens on the streams. */
  readonly observer: Required<XdsObserver>;
  readonly #options: MeshReportOptions;
  readonly #log: Logger;
  readonly #since = new Date();
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

  constructor(options: MeshReportOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#remarks = new RemarkLog(options.log);
    this.#changes = new AppliedChanges(
      () => performance.now(),
      change => this.#metrics.countChange(change),
    );
    this.observer = this.#observer(options.log);
  }

  /** How the mesh is; `undefined` before the first pass. Put together once a change, whoever asks. */
  status(): MeshStatus | undefined {
    if (this.#state === undefined) return undefined;
    const { loop, xds, sidecars } = this.#options.mesh();
    const nodes = xds.status();
    this.#status ??= meshStatus({
      state: this.#state,
      failing: loop.failing,
      sidecars: sidecars.sidecars,
      output: sidecars.output,
      authority: this.#authority,
      rejections: sidecars.rejections(nodes),
      refusals: sidecars.refusals,
      nodes,
      frontDoor: this.#options.frontDoor?.workload,
      unready: this.#options.unready?.(sidecars.sidecars) ?? [],
      lastChange: this.#changes.last,
      since: this.#since,
      transitions: this.#transitions,
      isOneOfMany: this.#options.isOneOfMany,
      metrics: this.#options.metricsUrl?.(),
      remarks: this.#remarks.current,
    });
    return this.#status;
  }

  /** What it counts, in Prometheus' text format. */
  metrics(): string {
    const status = this.status();
    const now = this.#state &&
      status && { status, objects: heldObjects(this.#state), namespaces: this.#state.model.namespaces.keys() };
    return this.#metrics.text(now);
  }

  isReady(): boolean {
    return this.#state !== undefined;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A certificate was issued. */
  issued(): void {
    this.#metrics.registry.add('heddle_certificates_issued_total', {});
  }

  /** A part of a pass threw. */
  failed(part: string, error: unknown): void {
    this.#log.error('a pass of the loop failed; what was in force stays in force', error, { part });
    this.#metrics.registry.add('heddle_hop_failures_total', { hop: part });
    this.changed();
  }

  /** A source delivered; the pass that takes it in comes next. */
  delivered(source: string, { delta, findings, written }: Delivery): void {
    if (written !== undefined) this.#changes.delivered(written.upserts, written.removals);
    this.#log.verbose(4, 'a source delivered', {
      source,
      upserts: delta.upserts.map(({ object }) => refOf(object)),
      removals: delta.removals,
      findings: findings.length,
    });
  }

  /** A pass reached its end. */
  published(state: State): void {
    const { secrets, sidecars: output, xds } = this.#options.mesh();
    const before = this.#state?.held ?? new Map();
    this.#state = state;
    const { issuer, trusted } = secrets.authority;
    this.#authority = { issuer, trusted };
    const { changed, setAside } = output;
    // One that is in sync already was sent nothing that it asked for.
    const awaited = new Set([...changed].filter(nodeId => !xds.isInSync(nodeId)));
    this.#changes.published(state.revision, awaited, node => output.workloadOf(node) !== undefined);
    this.#metrics.registry.add('heddle_passes_total', {});
    this.#metrics.ledger.published({
      changes: heldChanges(before, state.held),
      findings: [...state.findings(), ...output.rejections([])],
      workloadOf: node => output.workloadOf(node),
      output: output.output,
      awaited,
    });
    this.#remarks.note(remarksOn(state));
    this.#log.verbose(4, 'published', { revision: state.revision, sidecars: changed.size, setAside });
    this.changed();
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
  #observer(log: Logger): Required<XdsObserver> {
    const metrics = this.#metrics;
    return {
      connected: event => {
        log.verbose(4, 'a sidecar connected', { ...event });
      },
      disconnected: event => {
        log.verbose(4, 'a sidecar disconnected', { ...event });
      },
      moved: () => this.changed(),
      refused: event => {
        log.info('a stream was refused', { ...event });
        metrics.registry.add('heddle_xds_refused_streams_total', {});
      },
      synced: ({ node }) => {
        log.verbose(4, 'a sidecar is in sync', { node });
        this.#changes.synced(node);
        this.#acknowledged(node);
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
    const { xds, sidecars } = this.#options.mesh();
    const node = xds.statusOf(nodeId);
    const workload = sidecars.workloadOf(nodeId);
    if (node === undefined || workload === undefined) return;
    if (node.inSync) this.#obstructed.delete(nodeId);
    this.#metrics.ledger.acknowledged(node, workload);
  }

  /** From then on each acknowledgement of the sidecar is looked at by itself: all of it may never come. */
  #rejected(event: Rejection & { readonly node: string }): void {
    const { xds, sidecars } = this.#options.mesh();
    this.#obstructed.add(event.node);
    const node = xds.statusOf(event.node);
    if (node !== undefined) this.#metrics.ledger.refused(sidecars.rejections([node]));
    this.#acknowledged(event.node);
    this.changed();
  }
}

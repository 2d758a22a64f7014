import { defaultSettings, type EnvoyTarget, type MeshSettings } from '@heddle/mesh';
import { AppliedChanges } from './api/applied-changes.ts';
import { type MeshStatus, meshStatus } from './api/mesh-status.ts';
import type { StatusSource } from './api/server.ts';
import type { CertificateAuthority } from './identity/ca.ts';
import { WorkloadSecrets } from './identity/secrets.ts';
import type { UnreadyPod } from './local/unready-pods.ts';
import type { Logger } from './log.ts';
import { Loop, type State } from './loop.ts';
import { EnvoySidecars } from './outputs/envoy-sidecars.ts';
import type { Output } from './outputs/output.ts';
import type { SidecarRef } from './outputs/sidecar-ref.ts';
import type { Source } from './sources/source.ts';
import { type XdsListening, XdsServer } from './xds/server.ts';

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
  /** Pods that are not ready, of these sidecars and others. */
  readonly unready?: (sidecars: readonly SidecarRef[]) => readonly UnreadyPod[];
  /** Told after every pass what the mesh has come to. */
  readonly onState?: (state: State) => void;
  readonly log: Logger;
}

/**
 * Wires sources, loop and outputs, and holds no state of its own that it could not make again: it may be killed at any time,
 * sidecars go on without it.
 */
export class Controller implements StatusSource {
  readonly #xds: XdsServer;
  readonly #secrets: WorkloadSecrets;
  readonly #sidecars: EnvoySidecars;
  readonly #loop: Loop;
  readonly #frontDoor: EnvoyTarget['frontDoor'];
  readonly #unready: ControllerOptions['unready'];
  readonly #since = new Date();
  readonly #changes = new AppliedChanges(() => performance.now());
  readonly #listeners = new Set<() => void>();
  #state: State | undefined;
  #status: MeshStatus | undefined;
  #notified = false;

  constructor(options: ControllerOptions) {
    const { authority, log } = options;
    this.#frontDoor = options.frontDoor;
    this.#unready = options.unready;
    this.#xds = new XdsServer({ observer: this.#observer(log) });
    this.#secrets = new WorkloadSecrets({
      authority,
      now: () => new Date(),
      onRenewed: () => this.#loop.poke(),
    });
    this.#sidecars = new EnvoySidecars({
      xds: this.#xds,
      secrets: this.#secrets,
      target: () => ({
        trustBundle: authority.rootCertificatePem,
        ...(options.frontDoor && { frontDoor: options.frontDoor }),
      }),
      open: sidecar => options.open(sidecar, this.#xds),
      onFailure: ({ error, sidecars }) => {
        const fields = { sidecars: sidecars.length, nodeId: sidecars[0]?.nodeId };
        log.error('sidecars could not be given their configuration; what they had stays in force', error, fields);
      },
    });
    this.#loop = new Loop({
      settings: { ...defaultSettings, ...options.settings },
      sources: options.sources,
      outputs: [this.#sidecars, ...(options.outputs ?? [])],
      onWritten: ({ upserts, removals }) => this.#changes.delivered(upserts, removals),
      onState: state => {
        this.#published(state, log);
        options.onState?.(state);
      },
      onFailure: (part, error) => {
        log.error('a pass of the loop failed; what was in force stays in force', error, { part });
        this.changed();
      },
    });
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#loop.run(signal), this.#xds.run(signal), this.#secrets.run(signal)]);
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
      rejections: this.#sidecars.rejections(nodes),
      nodes,
      frontDoor: this.#frontDoor?.workload,
      unready: this.#unready?.(this.#sidecars.sidecars) ?? [],
      lastChange: this.#changes.last,
      since: this.#since,
    });
    return this.#status;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #observer(log: Logger) {
    return {
      connected: () => this.changed(),
      disconnected: () => this.changed(),
      synced: ({ node }: { readonly node: string }) => {
        this.#changes.synced(node);
        this.changed();
      },
      rejected: (event: object) => {
        log.info('a sidecar rejected resources', { ...event });
        this.changed();
      },
      sent: (event: object) => log.verbose(4, 'sent', { ...event }),
      acknowledged: (event: object) => log.verbose(4, 'acknowledged', { ...event }),
    };
  }

  #published(state: State, log: Logger): void {
    this.#state = state;
    const { changed, sidecars, setAside } = this.#sidecars;
    this.#changes.published(state.revision, changed, new Set(sidecars.map(({ nodeId }) => nodeId)));
    log.verbose(4, 'published', { revision: state.revision, sidecars: changed.size, setAside });
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
}

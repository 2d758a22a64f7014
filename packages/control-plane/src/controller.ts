import { defaultSettings, type EnvoyTarget, heldObjects, type MeshSettings } from '@heddle/mesh';
import type { CertificateAuthority } from './identity/ca.ts';
import { WorkloadSecrets } from './identity/secrets.ts';
import type { UnreadyPod } from './local/controller/unready-pods.ts';
import type { Logger } from './log.ts';
import { Loop, type State } from './loop.ts';
import { MeshReport } from './mesh-report.ts';
import { EnvoySidecars, type EnvoySidecarsOptions } from './outputs/envoy-sidecars.ts';
import type { Output } from './outputs/output.ts';
import type { SidecarRef } from './outputs/sidecar-ref.ts';
import type { Source } from './sources/source.ts';
import { type XdsAddress, type XdsListening, XdsServer } from './xds/server.ts';

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
  /** Whether other replicas serve sidecars, too: progress is then that of the sidecars that are connected here. Default false. */
  readonly isOneOfMany?: boolean;
  /** Where what it counts can be read, once that is known. */
  readonly metricsUrl?: () => string | undefined;
  readonly log: Logger;
}

/**
 * Wires sources, loop and outputs, and holds no state of its own that it could not make again: it may be killed at any time,
 * sidecars go on without it.
 */
export class Controller {
  /** What the mesh has come to, for whoever asks. */
  readonly report: MeshReport;
  readonly #xds: XdsServer;
  readonly #secrets: WorkloadSecrets;
  readonly #loop: Loop;

  constructor(options: ControllerOptions) {
    const { log, frontDoor } = options;
    const report = new MeshReport({ ...options, mesh: () => mesh });
    /** Asks for another pass where that helps to find out which object sidecars refuse. */
    const settle = (): void => {
      if (sidecars.settle()) loop.poke();
    };
    const xds = new XdsServer({
      observer: {
        ...report.observer,
        moved: event => {
          settle();
          report.observer.moved(event);
        },
        synced: event => {
          report.observer.synced(event);
          settle();
        },
        rejected: event => {
          if (sidecars.rejected(event)) loop.poke();
          report.observer.rejected(event);
        },
      },
    });
    const secrets = new WorkloadSecrets({
      authority: options.authority,
      now: options.now ?? (() => new Date()),
      onRenewed: () => loop.poke(),
      onIssued: () => report.issued(),
    });
    const sidecars = new EnvoySidecars({
      xds,
      secrets,
      target: () => ({ ...(frontDoor && { frontDoor }) }),
      open: sidecar => options.open(sidecar, xds),
      ...(options.createRenderer && { createRenderer: options.createRenderer }),
      onFailure: ({ error, sidecars: left }) => {
        const fields = { sidecars: left.length, nodeId: left[0]?.nodeId };
        log.error('sidecars could not be given their configuration; what they had stays in force', error, fields);
      },
    });
    const loop = new Loop({
      settings: { ...defaultSettings, ...options.settings },
      sources: options.sources,
      outputs: [sidecars, ...(options.outputs ?? [])],
      onDelivery: (source, delivery) => report.delivered(source, delivery),
      onState: state => {
        report.published(state);
        sidecars.retain(() => heldObjects(state));
        settle();
        options.onState?.(state);
      },
      onFailure: (part, error) => report.failed(part, error),
    });
    const mesh = { xds, secrets, sidecars, loop };
    this.report = report;
    this.#xds = xds;
    this.#secrets = secrets;
    this.#loop = loop;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#loop.run(signal), this.#xds.run(signal), this.#secrets.run(signal)]);
  }

  /** Opens one more address on which sidecars are served. */
  async listen(at: XdsAddress): Promise<XdsListening> {
    return await this.#xds.listen(at);
  }

  /** Puts another authority in the place of the one that signs now; sidecars follow with the next pass. */
  replaceAuthority(authority: CertificateAuthority): void {
    this.#secrets.replaceAuthority(authority);
  }
}

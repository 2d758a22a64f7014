import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { defaultSettings } from '@heddle/mesh';
import { refOf, type SourceObject } from '@heddle/smi';
import { AppliedChanges } from './api/applied-changes.ts';
import { type MeshStatus, meshStatus } from './api/mesh-status.ts';
import { serveStatus } from './api/server.ts';
import type { CertificateAuthority } from './identity/ca.ts';
import { WorkloadSecrets } from './identity/secrets.ts';
import { type DesiredPodsOptions, desiredPods } from './local/desired-pods.ts';
import { frontDoor, frontDoorObjects, frontDoorPod } from './local/front-door.ts';
import { nodeSocket } from './local/node.ts';
import { NodeClient } from './local/node-client.ts';
import { type Pod, type PodStatus, podKey, type StatusEvent } from './local/pod.ts';
import { xdsDirectory } from './local/pod-sidecar.ts';
import { controllerSocket } from './local/run-layout.ts';
import { unreadyPods } from './local/unready-pods.ts';
import type { Logger } from './log.ts';
import { Loop, type State } from './loop.ts';
import { namesOf } from './outputs/names.ts';
import { SidecarPublisher, type SidecarRef } from './outputs/sidecars.ts';
import { type AddressBook, openAddressBook } from './sources/addresses.ts';
import type { ManifestChange } from './sources/manifest-folder.ts';
import { deltaBetween, MeshObjects } from './sources/mesh-objects.ts';
import { watchManifests } from './sources/watch-manifests.ts';
import { type XdsListening, XdsServer } from './xds/server.ts';

/** What the controller of a local mesh needs. */
export interface ControllerOptions {
  /** The folder of manifests. */
  readonly directory: string;
  /** The run directory that it shares with the node. */
  readonly runDirectory: string;
  readonly authority: CertificateAuthority;
  /** Path of the Envoy executable. */
  readonly envoy: string;
  readonly clusterDomain: string;
  readonly trustDomain: string;
  readonly egress: 'allow' | 'deny';
  readonly log: Logger;
}

/** Milliseconds between attempts to reach the node, which starts beside the controller. */
const nodeRetry = 25;

/**
 * Runs the controller of a local mesh until the signal aborts: wires sources, loop and outputs, and holds no state of its
 * own that it could not make again. It may be killed at any time; pods and sidecars go on without it.
 */
export async function runController(options: ControllerOptions, signal: AbortSignal): Promise<void> {
  const addresses = await openAddressBook(join(options.runDirectory, 'state'));
  await new Controller(options, addresses).run(signal);
}

class Controller {
  readonly #options: ControllerOptions;
  readonly #addresses: AddressBook;
  readonly #node: NodeClient;
  readonly #objects: MeshObjects;
  readonly #places: DesiredPodsOptions;
  readonly #frontDoor: readonly SourceObject[];
  readonly #frontDoorPod: Pod;
  readonly #xds: XdsServer;
  readonly #secrets: WorkloadSecrets;
  readonly #publisher: SidecarPublisher;
  readonly #loop: Loop;
  readonly #changes = new AppliedChanges(() => performance.now());
  readonly #since = new Date();
  /** What runs, as the node says. */
  readonly #running = new Map<string, PodStatus>();
  readonly #listeners = new Set<() => void>();
  /** Objects whose place in a file has changed: new to everything that remembers by identity, so that findings name the new line. */
  readonly #moved = new WeakMap<SourceObject, SourceObject>();
  #manifests: Pick<ManifestChange, 'objects' | 'findings'> | undefined;
  #nodeKnown = false;
  #delivered: readonly SourceObject[] = [];
  #state: State | undefined;
  #pods: readonly Pod[] = [];
  readonly #told = new Map<string, string>();
  #notified = false;

  constructor(options: ControllerOptions, addresses: AddressBook) {
    const { runDirectory, clusterDomain, trustDomain, egress, log } = options;
    this.#options = options;
    this.#addresses = addresses;
    this.#node = new NodeClient(nodeSocket(runDirectory));
    this.#objects = new MeshObjects({
      addresses,
      clusterDomain,
      readiness: (namespace, name) => this.#running.get(podKey({ namespace, name }))?.ready ?? false,
    });
    this.#places = { envoy: options.envoy, runDirectory };
    const ip = addresses.pod(frontDoor.namespace, frontDoor.name);
    this.#frontDoor = frontDoorObjects(ip);
    this.#frontDoorPod = frontDoorPod({ ...this.#places, ip });
    this.#xds = new XdsServer({
      observer: {
        connected: () => this.#notify(),
        disconnected: () => this.#notify(),
        synced: ({ node }) => {
          this.#changes.synced(node);
          this.#notify();
        },
        rejected: event => {
          log.info('a sidecar rejected resources', { ...event });
          this.#notify();
        },
        sent: event => log.verbose(4, 'sent', { ...event }),
        acknowledged: event => log.verbose(4, 'acknowledged', { ...event }),
      },
    });
    this.#secrets = new WorkloadSecrets({
      authority: options.authority,
      now: () => new Date(),
      onRenewed: () => this.#loop.poke(),
    });
    this.#publisher = new SidecarPublisher({
      xds: this.#xds,
      secrets: this.#secrets,
      open: sidecar => this.#openSocket(sidecar),
      onFailure: ({ error, sidecars }) => {
        const fields = { sidecars: sidecars.length, nodeId: sidecars[0]?.nodeId };
        log.error('sidecars could not be given their configuration; what they had stays in force', error, fields);
      },
    });
    this.#loop = new Loop({
      settings: { ...defaultSettings, clusterDomain, trustDomain, egress },
      target: () => ({
        trustBundle: options.authority.rootCertificatePem,
        frontDoor: { workload: `${frontDoor.namespace}/${frontDoor.name}`, directory: '/run/heddle/shared' },
      }),
      publish: state => this.#publish(state),
      onFailure: error => log.error('a pass of the loop failed; what was in force stays in force', error),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const status = { status: () => this.#status(), onChange: (listener: () => void) => this.#onChange(listener) };
    await serveStatus(controllerSocket(this.#options.runDirectory), status, signal);
    await Promise.all([
      this.#loop.run(signal),
      this.#xds.run(signal),
      this.#secrets.run(signal),
      this.#watchNode(signal),
      watchManifests(this.#options.directory, signal, change => this.#observe(change)),
    ]);
  }

  /** Manifests changed. */
  #observe(change: ManifestChange): void {
    const isFirst = this.#manifests === undefined;
    this.#manifests = change;
    for (const source of change.moved)
      this.#moved.set(source, { object: source.object, locate: path => source.locate?.(path) });
    if (!isFirst)
      this.#changes.delivered(
        change.upserts.map(({ object }) => refOf(object)),
        change.removals,
      );
    this.#options.log.verbose(4, 'manifests changed', {
      upserts: change.upserts.length,
      removals: change.removals.length,
    });
    this.#deliver();
  }

  /** Which pods are ready is known to the node alone; it may come and go. */
  async #watchNode(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const event of this.#node.watchPods(signal)) {
          if (this.#note(event)) this.#deliver();
          else this.#notify();
        }
      } catch (error) {
        // Before it was reached once it is only starting.
        if (this.#nodeKnown) this.#options.log.error('the node can’t be watched', error);
      }
      await delay(nodeRetry, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    }
  }

  /** Says nothing before both are known: a restarted controller must not take pods for unready that it has not asked about. */
  #deliver(): void {
    if (this.#manifests === undefined || !this.#nodeKnown) return;
    const manifests = this.#manifests.objects.map(source => this.#moved.get(source) ?? source);
    const { objects, findings } = this.#objects.complete([...this.#frontDoor, ...manifests]);
    const pods = desiredPods(objects, this.#places);
    this.#pods = [this.#frontDoorPod, ...pods.pods];
    const delta = deltaBetween(this.#delivered, objects);
    this.#delivered = objects;
    this.#loop.deliver(delta, [...this.#manifests.findings, ...findings, ...pods.findings]);
    this.#addresses.save().catch((error: unknown) => this.#options.log.error('addresses could not be saved', error));
  }

  /** Says whether readiness has changed, or is known for the first time. */
  #note(event: StatusEvent): boolean {
    if (event.type === 'state') {
      this.#nodeKnown = true;
      this.#running.clear();
      for (const pod of event.pods) this.#running.set(podKey(pod), pod);
      return true;
    }
    const key = podKey(event.type === 'changed' ? event.pod : event);
    const before = this.#running.get(key)?.ready;
    if (event.type === 'changed') this.#running.set(key, event.pod);
    else this.#running.delete(key);
    return this.#running.get(key)?.ready !== before;
  }

  #publish(state: State): void {
    this.#state = state;
    const changed = this.#publisher.publish(state.model, state.output);
    const nodes = new Set(this.#publisher.sidecars.map(({ nodeId }) => nodeId));
    this.#changes.published(state.revision, changed, nodes);
    const { setAside } = this.#publisher;
    this.#options.log.verbose(4, 'published', { revision: state.revision, sidecars: changed.size, setAside });
    this.#tellNode(state);
    this.#notify();
  }

  /** The node is told what changed only; what could not be told is told again after the next pass or connection. */
  #tellNode(state: State): void {
    const names = namesOf(state.model);
    this.#send('names', names, () => this.#node.putNames(names));
    this.#send('pods', this.#pods, () => this.#node.putPods(this.#pods));
  }

  #send(what: string, value: unknown, send: () => Promise<void>): void {
    const text = JSON.stringify(value);
    if (this.#told.get(what) === text) return;
    this.#told.set(what, text);
    send().catch((error: unknown) => {
      this.#told.delete(what);
      this.#options.log.error(`the node could not be told its ${what}`, error);
    });
  }

  /** Each sidecar has a socket that no other pod sees: that proves who it is. */
  async #openSocket({ nodeId, namespace, pod }: SidecarRef): Promise<XdsListening | undefined> {
    const directory = xdsDirectory(this.#options.runDirectory, { namespace, name: pod });
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return await this.#xds.listen({ path: join(directory, 'xds.sock'), node: nodeId });
    } catch (error) {
      this.#options.log.error('a sidecar’s socket could not be opened', error, { nodeId });
      return undefined;
    }
  }

  #status(): MeshStatus | undefined {
    const state = this.#state;
    const sidecars = this.#publisher.sidecars;
    if (state === undefined) return undefined;
    const meant = sidecars.map(({ namespace, pod }) => ({ namespace, name: pod }));
    return meshStatus({
      state,
      sidecars,
      nodes: this.#xds.status(),
      unready: unreadyPods({ meant, wanted: this.#pods, running: this.#running.values() }),
      lastChange: this.#changes.last,
      since: this.#since,
    });
  }

  #onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Listeners hear of many changes that come together once. */
  #notify(): void {
    if (this.#notified) return;
    this.#notified = true;
    setImmediate(() => {
      this.#notified = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

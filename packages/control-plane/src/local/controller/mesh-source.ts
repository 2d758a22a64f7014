import { setTimeout as delay } from 'node:timers/promises';
import { refOf, type SourceObject } from '@heddle/smi';
import type { AddressBook } from '../../sources/addresses.ts';
import { LastGoodObjects } from '../../sources/last-good-objects.ts';
import type { ManifestChange } from '../../sources/manifest-folder.ts';
import type { ManifestMemory } from '../../sources/manifest-memory.ts';
import { deltaBetween, type MeshObjectSet, MeshObjects, type ObjectDelta } from '../../sources/mesh-objects.ts';
import type { PodEnd } from '../../sources/replicas.ts';
import type { Delivery, Source, Written } from '../../sources/source.ts';
import { type FirstChange, watchManifests } from '../../sources/watch-manifests.ts';
import { type DesiredPodsOptions, desiredPods } from '../desired/desired-pods.ts';
import { frontDoor, frontDoorObjects, frontDoorPod } from '../desired/front-door.ts';
import { LastGoodPods } from '../desired/last-good-pods.ts';
import type { SidecarPlaces } from '../desired/pod-sidecar.ts';
import { type Pod, type PodStatus, podKey, type StatusEvent } from '../pod.ts';
import type { NodeClient } from './node-client.ts';
import { type KnownPods, type UnreadyPod, unreadyPods } from './unready-pods.ts';

/** What the source of a local mesh needs. */
export interface LocalMeshSourceOptions extends SidecarPlaces {
  /** The folder of manifests. */
  readonly directory: string;
  readonly node: Pick<NodeClient, 'wantedPods' | 'watchPods'>;
  readonly addresses: AddressBook;
  /** What the controller before this one had in force. */
  readonly memory: Pick<ManifestMemory, 'keep' | 'remembered'>;
  readonly clusterDomain: string;
  /** Told when the node says something of a pod that is not delivered, such as a restart. */
  readonly onPods: () => void;
  /** Told of what can't be done now and is tried again. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** What the manifests say, as last heard of. */
type Manifests = Pick<ManifestChange, 'files' | 'objects' | 'findings'>;

/** Milliseconds between attempts to reach the node, which starts beside the controller. */
const nodeRetry = 25;

/**
 * What there is in a local mesh: what the manifests say, completed to what a cluster would hold (pods, addresses, the front
 * door), with the readiness of pods as the node tells it.
 */
export class LocalMeshSource implements Source {
  readonly name = 'local mesh';
  readonly #options: LocalMeshSourceOptions;
  readonly #places: SidecarPlaces;
  readonly #podOptions: DesiredPodsOptions;
  readonly #objects: MeshObjects;
  readonly #frontDoor: readonly SourceObject[];
  readonly #frontDoorPod: Pod;
  /** What runs, as the node says. */
  readonly #running = new Map<string, PodStatus>();
  /** Objects whose place in a file has changed: new to everything that remembers by identity, so that findings name the new line. */
  readonly #moved = new WeakMap<SourceObject, SourceObject>();
  readonly #lastGood = new LastGoodObjects();
  readonly #lastGoodPods = new LastGoodPods();
  #manifests: Manifests | undefined;
  /** What was in force before the start, until it is delivered. */
  #before: readonly SourceObject[] | undefined;
  /** Delivered, and not yet remembered as what came in force. */
  #toRemember: Manifests | undefined;
  #nodeKnown = false;
  #delivered: readonly SourceObject[] = [];
  #pods: readonly Pod[] = [];
  /** Written since the last delivery. */
  #unsaid: Written[] = [];

  constructor(options: LocalMeshSourceOptions) {
    const { addresses, clusterDomain, envoy, runDirectory } = options;
    this.#options = options;
    this.#places = { envoy, runDirectory };
    this.#podOptions = { ...this.#places, hasRun: pod => this.#running.has(pod) };
    this.#objects = new MeshObjects({
      addresses,
      clusterDomain,
      readiness: (namespace, name) => this.#running.get(podKey({ namespace, name }))?.ready ?? false,
      endOf: (namespace, name) => endOf(this.#running.get(podKey({ namespace, name }))),
    });
    const ip = addresses.pod(frontDoor.namespace, frontDoor.name);
    this.#frontDoor = frontDoorObjects(ip);
    this.#frontDoorPod = frontDoorPod({ ...this.#places, ip });
  }

  /** The pods that the node is to run, as last delivered. */
  get pods(): readonly Pod[] {
    return this.#pods;
  }

  /** Pods that are not ready, and why; `meant` are those that manifests and dumps speak of. */
  unready(meant: KnownPods['meant']): UnreadyPod[] {
    return unreadyPods({ meant, wanted: this.#pods, running: this.#running.values() });
  }

  async run(signal: AbortSignal, deliver: (delivery: Delivery) => void): Promise<void> {
    const { directory, memory } = this.#options;
    await Promise.all([
      this.#watchNode(signal, deliver),
      watchManifests(directory, signal, change => this.#observe(change, deliver), memory.remembered),
    ]);
  }

  /**
   * Told after a pass what became of all that was delivered, it remembers that for the controller after this one: once what
   * the pass published is on its way.
   */
  remember(held: () => Iterable<{ readonly inForce?: SourceObject }>): void {
    const manifests = this.#toRemember;
    if (manifests === undefined) return;
    setImmediate(() => {
      // Remembered by now, or there is something newer, which another pass is for.
      if (this.#toRemember !== manifests) return;
      this.#toRemember = undefined;
      const inForce = [...held()].flatMap(object => object.inForce ?? []);
      this.#options.memory.keep(this.#lastGood.of(manifests, this.#objects.written(inForce)));
    });
  }

  #observe(change: FirstChange, deliver: (delivery: Delivery) => void): void {
    // What is there at the start is nobody's change.
    if (this.#manifests !== undefined)
      this.#unsaid.push({ upserts: change.upserts.map(({ object }) => refOf(object)), removals: change.removals });
    this.#manifests = change;
    if (change.before !== undefined) {
      this.#before = change.before;
      this.#lastGood.restore(change.before);
    }
    for (const source of change.moved)
      this.#moved.set(source, { object: source.object, locate: path => source.locate?.(path) });
    this.#deliver(deliver);
  }

  /** Which pods are ready is known to the node alone; it may come and go. */
  async #watchNode(signal: AbortSignal, deliver: (delivery: Delivery) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.#nodeKnown) this.#lastGoodPods.restore(await this.#options.node.wantedPods(signal));
        for await (const event of this.#options.node.watchPods(signal)) {
          if (this.#note(event)) this.#deliver(deliver);
          else this.#options.onPods();
        }
      } catch (error) {
        // Before it was reached once it is only starting.
        if (this.#nodeKnown) this.#options.onTrouble('the node can’t be watched', error);
      }
      await delay(nodeRetry, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    }
  }

  /** Says nothing before both are known: a restarted controller must not take pods for unready that it has not asked about. */
  #deliver(deliver: (delivery: Delivery) => void): void {
    if (this.#manifests === undefined || !this.#nodeKnown) return;
    if (this.#before !== undefined) {
      // One after the other, before the next pass: what is refused of the second changes nothing of the first.
      deliver({ delta: this.#complete(this.#before).delta, findings: [] });
      this.#before = undefined;
    }
    const { objects, delta, findings } = this.#complete(this.#manifests.objects);
    const pods = desiredPods(objects, this.#podOptions);
    this.#pods = [this.#frontDoorPod, ...this.#lastGoodPods.keep(pods)];
    const said = [...this.#manifests.findings, ...findings, ...pods.findings];
    this.#toRemember = this.#manifests;
    const written = this.#unsaid;
    this.#unsaid = [];
    deliver({ delta, findings: said, ...(written.length > 0 && { written: together(written) }) });
    this.#options.addresses
      .save()
      .catch((error: unknown) => this.#options.onTrouble('addresses could not be saved', error));
  }

  /** Completes what is written, and says what of it differs from what was completed last. */
  #complete(written: readonly SourceObject[]): MeshObjectSet & { readonly delta: ObjectDelta } {
    const manifests = written.map(source => this.#moved.get(source) ?? source);
    const completed = this.#objects.complete([...this.#frontDoor, ...manifests]);
    const delta = deltaBetween(this.#delivered, completed.objects);
    this.#delivered = completed.objects;
    return { ...completed, delta };
  }

  /** Says whether readiness has changed, or is known for the first time, or a pod has ended. */
  #note(event: StatusEvent): boolean {
    if (event.type === 'state') {
      this.#nodeKnown = true;
      this.#running.clear();
      for (const pod of event.pods) this.#running.set(podKey(pod), pod);
      return true;
    }
    const key = podKey(event.type === 'changed' ? event.pod : event);
    const before = this.#running.get(key);
    if (event.type === 'changed') this.#running.set(key, event.pod);
    else this.#running.delete(key);
    const now = this.#running.get(key);
    return now?.ready !== before?.ready || endOf(now) !== endOf(before);
  }
}

/** How a pod ended, if it did. */
function endOf(pod: PodStatus | undefined): PodEnd | undefined {
  return pod?.phase === 'Succeeded' || pod?.phase === 'Failed' ? pod.phase : undefined;
}

function together(written: readonly Written[]): Written {
  return {
    upserts: written.flatMap(({ upserts }) => upserts),
    removals: written.flatMap(({ removals }) => removals),
  };
}

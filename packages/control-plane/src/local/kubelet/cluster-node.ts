/**
 * The node of this machine as a cluster's only one: what kubelet and scheduler do there. Pods of the API server in, processes of
 * the local node out, and back what became of them. It knows no policy, and of the mesh only that a pod may have a sidecar.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { refOf, type SourceObject } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { type ApiObject, objectKey } from '../../kube/kube-object.ts';
import { type ResourceListener, watchResources } from '../../kube/watch-resources.ts';
import type { AddressBook } from '../../sources/addresses.ts';
import { type JsonRecord, recordOf } from '../../sources/record.ts';
import type { NodeClient } from '../controller/node-client.ts';
import { type DesiredPods, desiredPods } from '../desired/desired-pods.ts';
import type { SidecarPlaces } from '../desired/pod-sidecar.ts';
import { type Pod, type PodStatus, podKey } from '../pod.ts';
import { keepNodeAlive } from './node-heartbeat.ts';
import { podReport } from './pod-report.ts';
import { runnablePod } from './runnable-pod.ts';

/** What the node of a cluster needs. */
export interface ClusterNodeOptions extends SidecarPlaces {
  /** As the cluster calls it. */
  readonly name: string;
  readonly client: ApiClient;
  readonly node: Pick<NodeClient, 'watchPods'>;
  readonly addresses: Pick<AddressBook, 'pod'>;
  /** Told that the node has other pods to run, see `pods`. */
  readonly onPods: () => void;
  /** Told what fails and is tried again. */
  readonly onTrouble: (what: string, error: unknown) => void;
}

/** Kinds that pods refer to. */
const referred = ['configmaps', 'secrets', 'serviceaccounts'] as const;

/** Milliseconds until what failed is tried again. */
const retryAfter = 1000;

/** Follows the pods of a cluster. */
export class ClusterNode {
  readonly #options: ClusterNodeOptions;
  readonly #pods = new Map<string, ApiObject>();
  readonly #runnable = new Map<string, { readonly of: ApiObject; readonly source: SourceObject }>();
  readonly #referred = new Map<string, ReadonlyMap<string, SourceObject>>();
  readonly #statuses = new Map<string, PodStatus>();
  /** What the API server was told last of each pod, by uid. */
  readonly #told = new Map<string, JsonRecord>();
  /** Pods that are being told of, bound or removed; by uid. */
  readonly #busy = new Set<string>();
  #wanted: DesiredPods = { pods: [], refused: new Set(), findings: [] };
  #isDue = false;

  constructor(options: ClusterNodeOptions) {
    this.#options = options;
  }

  /** The pods that the node is to run. */
  get pods(): readonly Pod[] {
    return this.#wanted.pods;
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, name, onTrouble } = this.#options;
    const due = (): void => this.#due(signal);
    const follow = async (path: string, listener: Omit<ResourceListener, 'failed'>): Promise<void> => {
      const failed = (error: unknown): void => onTrouble(`${path} can't be followed`, error);
      await watchResources({ client, path, listener: { ...listener, failed } }, signal);
    };
    await Promise.all([
      keepNodeAlive({ client, name, onTrouble }, signal),
      follow('/api/v1/pods', kept(this.#pods, due)),
      ...referred.map(async plural => {
        const objects = new Map<string, ApiObject>();
        const sources = new Map<string, SourceObject>();
        await follow(
          `/api/v1/${plural}`,
          kept(objects, () => {
            this.#referred.set(plural, refreshed(sources, objects));
            due();
          }),
        );
      }),
      this.#watchNode(due, signal),
    ]);
  }

  async #watchNode(due: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const event of this.#options.node.watchPods(signal)) {
          if (event.type === 'state') this.#statuses.clear();
          for (const pod of event.type === 'state' ? event.pods : []) this.#statuses.set(podKey(pod), pod);
          if (event.type === 'changed') this.#statuses.set(podKey(event.pod), event.pod);
          if (event.type === 'removed') this.#statuses.delete(podKey(event));
          due();
        }
      } catch (error) {
        this.#options.onTrouble('the node can’t be watched', error);
      }
      await delay(retryAfter, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    }
  }

  /** What comes together is handled together. */
  #due(signal: AbortSignal): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      if (!signal.aborted) this.#turn(signal);
    });
  }

  #turn(signal: AbortSignal): void {
    const all = [...this.#pods.values()];
    const own = all.filter(pod => recordOf(pod['spec'])['nodeName'] === this.#options.name);
    const staying = own.filter(({ metadata }) => !isLeaving(metadata));
    const { envoy, runDirectory } = this.#options;
    const sources = [
      ...staying.map(pod => this.#source(pod)),
      ...[...this.#referred.values()].flatMap(map => [...map.values()]),
    ];
    this.#wanted = desiredPods(sources, { envoy, runDirectory, hasRun: key => this.#statuses.has(key) });
    this.#options.onPods();
    for (const pod of all.filter(each => !recordOf(each['spec'])['nodeName']))
      this.#act(pod, () => this.#bind(pod), signal);
    for (const pod of staying) this.#act(pod, () => this.#tell(pod), signal);
    for (const pod of own.filter(({ metadata }) => isLeaving(metadata)))
      this.#act(pod, () => this.#remove(pod), signal);
  }

  /** The same as before as long as the pod is: what reads it remembers it. */
  #source(pod: ApiObject): SourceObject {
    const key = objectKey(pod.metadata);
    const known = this.#runnable.get(key);
    if (known?.of === pod) return known.source;
    const { namespace = '', name } = pod.metadata;
    const next = runnablePod(pod, this.#options.addresses.pod(namespace, name));
    const source = known !== undefined && isDeepStrictEqual(known.source.object, next.object) ? known.source : next;
    this.#runnable.set(key, { of: pod, source });
    return source;
  }

  /** One thing at a time with a pod; what came meanwhile is seen to afterwards. */
  #act({ metadata: { uid = '', name } }: ApiObject, act: () => Promise<boolean>, signal: AbortSignal): void {
    if (this.#busy.has(uid)) return;
    this.#busy.add(uid);
    const again = (after: number): void => {
      this.#busy.delete(uid);
      setTimeout(() => this.#due(signal), after).unref();
    };
    act().then(
      hasActed => {
        // What came meanwhile was passed over.
        if (hasActed) again(0);
        else this.#busy.delete(uid);
      },
      (error: unknown) => {
        // Gone, or changed by somebody else: what there is now is on its way.
        const isStale = error instanceof ApiError && (error.status === 404 || error.status === 409);
        if (!isStale && !signal.aborted) this.#options.onTrouble(`the pod ${name} can't be seen to`, error);
        again(retryAfter);
      },
    );
  }

  async #bind({ metadata: { namespace = '', name, uid } }: ApiObject): Promise<boolean> {
    await this.#options.client.json({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/binding`,
      body: {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name, namespace, ...(uid !== undefined && { uid }) },
        target: { apiVersion: 'v1', kind: 'Node', name: this.#options.name },
      },
    });
    return true;
  }

  async #tell(pod: ApiObject): Promise<boolean> {
    const { namespace = '', name, uid = '' } = pod.metadata;
    const { phase } = recordOf(pod['status']);
    if (phase === 'Succeeded' || phase === 'Failed') return false;
    const key = podKey({ namespace, name });
    const why = this.#wanted.findings.find(({ object, severity }) => {
      return severity === 'error' && object?.kind === 'Pod' && podKey(object) === key;
    });
    const notRun = { ip: this.#options.addresses.pod(namespace, name), ...(why && { message: why.message }) };
    const containers = recordOf(pod['spec'])['containers'] as readonly { readonly name: string }[];
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    const before = this.#told.get(uid) ?? recordOf(pod['status']);
    const status = podReport(
      this.#statuses.get(key) ?? notRun,
      containers.map(container => container.name),
      before,
      now,
    );
    if (isDeepStrictEqual(status, this.#told.get(uid))) return false;
    await this.#options.client.json({
      method: 'PATCH',
      path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { uid }, status },
    });
    this.#told.set(uid, status);
    return true;
  }

  /** A pod that is to go is taken off the API server's list once it has ended here. */
  async #remove({ metadata: { namespace = '', name, uid = '' } }: ApiObject): Promise<boolean> {
    if (this.#statuses.has(podKey({ namespace, name }))) return false;
    await this.#options.client.json({
      method: 'DELETE',
      path: `/api/v1/namespaces/${namespace}/pods/${name}`,
      body: { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } },
    });
    this.#told.delete(uid);
    this.#runnable.delete(objectKey({ namespace, name }));
    return true;
  }
}

function isLeaving(metadata: ApiObject['metadata']): boolean {
  return recordOf(metadata)['deletionTimestamp'] !== undefined;
}

/** A listener that keeps what there is in a map. */
function kept(objects: Map<string, ApiObject>, changed: () => void): Omit<ResourceListener, 'failed'> {
  return {
    replaced: all => {
      objects.clear();
      for (const object of all) objects.set(objectKey(object.metadata), object);
      changed();
    },
    changed: object => {
      objects.set(objectKey(object.metadata), object);
      changed();
    },
    removed: ({ metadata }) => {
      objects.delete(objectKey(metadata));
      changed();
    },
  };
}

/** Sources of objects; those that are the same stay the same. */
function refreshed(
  sources: Map<string, SourceObject>,
  objects: ReadonlyMap<string, ApiObject>,
): ReadonlyMap<string, SourceObject> {
  for (const [key, object] of objects) if (sources.get(key)?.object !== object) sources.set(key, { object });
  for (const key of sources.keys()) if (!objects.has(key)) sources.delete(key);
  return new Map([...sources].map(([key, source]) => [`${refOf(source.object).kind} ${key}`, source]));
}

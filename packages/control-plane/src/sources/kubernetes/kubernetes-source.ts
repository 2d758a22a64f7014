/**
 * What there is in a cluster: every kind that the mesh is compiled from, listed and watched each by itself. Says nothing before
 * each of them has been listed once or is known not to be had, as half a policy may allow what the whole denies.
 */
import { type ObjectRef, refOf, type SourceObject } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { type ApiObject, objectKey } from '../../kube/kube-object.ts';
import { type ResourceListener, watchResources } from '../../kube/watch-resources.ts';
import { recordOf } from '../record.ts';
import type { Delivery, Source } from '../source.ts';
import { type ClusterKind, clusterKinds } from './cluster-kinds.ts';
import { bareObject, meshObject } from './cluster-object.ts';
import { servedPath } from './served-path.ts';

/** A kind that can't be listed or watched now; what was known of it stays in force. */
export interface KindTrouble {
  readonly kind: ClusterKind;
  /** What the API server said. */
  readonly reason: string;
  /** What mends it. */
  readonly hint: string;
  /** Whether trying again does not help until somebody mends it: nothing of this kind is in force at the start. */
  readonly isRefused: boolean;
}

/** What the source needs. */
export interface KubernetesSourceOptions {
  readonly client: ApiClient;
  /** Default: every kind that the mesh is compiled from. */
  readonly kinds?: readonly ClusterKind[];
  /** Who has a sidecar: pods that were injected (the default), or whoever does not refuse one, where the node brings it. */
  readonly sidecars?: 'injected' | 'unless-refused';
  /** Told once when a kind can't be had, and again when that has another reason; must not throw. */
  readonly onTrouble: (trouble: KindTrouble) => void;
  /** Told when a kind of which trouble was told can be had again. */
  readonly onRecovered?: (kind: ClusterKind) => void;
  /** Told of each object of policy as it came, status included; undefined for one that is gone. */
  readonly onPolicy?: (ref: ObjectRef, object: ApiObject | undefined) => void;
  /** The same of Services. */
  readonly onService?: (ref: ObjectRef, object: ApiObject | undefined) => void;
}

/** Follows a cluster. */
export class KubernetesSource implements Source {
  readonly name = 'kubernetes';
  readonly #options: KubernetesSourceOptions;
  readonly #kinds: readonly KindState[];
  #isComplete = false;
  #isDue = false;
  #hasDelivered = false;

  constructor(options: KubernetesSourceOptions) {
    this.#options = options;
    const read: typeof meshObject = options.sidecars === 'unless-refused' ? bareObject : meshObject;
    this.#kinds = (options.kinds ?? clusterKinds).map(kind => new KindState(kind, read));
  }

  /** A pod as it is now; undefined for one that is not known. */
  pod(
    namespace: string,
    name: string,
  ): { readonly uid: string | undefined; readonly ip: string | undefined } | undefined {
    const found = this.#kinds.find(({ kind }) => kind.kind === 'Pod')?.get({ namespace, name })?.object;
    if (found === undefined) return undefined;
    const ip = recordOf(found['status'])['podIP'];
    return { uid: found.metadata.uid, ip: typeof ip === 'string' && ip !== '' ? ip : undefined };
  }

  async run(signal: AbortSignal, deliver: (delivery: Delivery) => void): Promise<void> {
    const due = (): void => {
      if (this.#isDue) return;
      this.#isDue = true;
      // What comes in one piece of a stream is delivered together.
      setImmediate(() => {
        this.#isDue = false;
        if (!signal.aborted) this.#deliver(deliver);
      });
    };
    await Promise.all(this.#kinds.map(async state => await this.#follow(state, due, signal)));
  }

  async #follow(state: KindState, due: () => void, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const path = async (): Promise<string> => await servedPath(client, state.kind, signal);
    await watchResources({ client, path, listener: this.#listener(state, due) }, signal);
  }

  #listener(state: KindState, due: () => void): ResourceListener {
    const { onPolicy, onService, onTrouble, onRecovered } = this.#options;
    const onObject = state.kind.policy ? onPolicy : state.kind.kind === 'Service' ? onService : undefined;
    const told = (object: ApiObject, isThere: boolean): void => {
      onObject?.(refOf(object), isThere ? object : undefined);
    };
    return {
      replaced: objects => {
        const gone = state.replace(objects);
        for (const object of objects) told(object, true);
        for (const object of gone) told(object, false);
        due();
      },
      changed: object => {
        state.put(object);
        told(object, true);
        due();
      },
      removed: object => {
        state.remove(object);
        told(object, false);
        due();
      },
      failed: error => {
        const trouble = troubleOf(state.kind, error);
        if (trouble.isRefused) state.isSettled = true;
        // The reason may name an address or a moment, which differ each time.
        const key = error instanceof ApiError ? `${error.status} ${error.code}` : trouble.reason;
        if (state.trouble !== key) onTrouble(trouble);
        state.trouble = key;
        due();
      },
      recovered: () => {
        state.trouble = undefined;
        onRecovered?.(state.kind);
      },
    };
  }

  #deliver(deliver: (delivery: Delivery) => void): void {
    this.#isComplete ||= this.#kinds.every(({ isSettled }) => isSettled);
    if (!this.#isComplete) return;
    const upserts: SourceObject[] = [];
    const removals: ObjectRef[] = [];
    for (const state of this.#kinds) state.take(upserts, removals);
    if (upserts.length === 0 && removals.length === 0 && this.#hasDelivered) return;
    this.#hasDelivered = true;
    deliver({ delta: { upserts, removals }, findings: [] });
  }
}

/** What is known of one kind, and what of it has not been delivered. */
class KindState {
  readonly kind: ClusterKind;
  /** Whether it has been listed, or can't be. */
  isSettled = false;
  /** Names what is wrong now. */
  trouble: string | undefined;
  readonly #read: typeof meshObject;
  readonly #objects = new Map<string, SourceObject>();
  readonly #upserts = new Map<string, SourceObject>();
  readonly #removals = new Map<string, ObjectRef>();

  constructor(kind: ClusterKind, read: typeof meshObject) {
    this.kind = kind;
    this.#read = read;
  }

  get(meta: { readonly namespace: string; readonly name: string }): SourceObject | undefined {
    return this.#objects.get(objectKey(meta));
  }

  /** Gives those that are no more. */
  replace(objects: readonly ApiObject[]): readonly ApiObject[] {
    const gone = new Map(this.#objects);
    for (const object of objects) {
      gone.delete(objectKey(object.metadata));
      this.put(object);
    }
    this.isSettled = true;
    return [...gone.values()].map(({ object: { metadata, apiVersion } }) => {
      this.remove({ metadata });
      return { apiVersion, kind: this.kind.kind, metadata };
    });
  }

  put(object: ApiObject): void {
    const key = objectKey(object.metadata);
    const before = this.#objects.get(key);
    const source = this.#read(object, this.kind, before);
    if (source === before) return;
    this.#removals.delete(key);
    // What was the address of a root has become a Service, or the other way round.
    if (before !== undefined && before.object.kind !== source.object.kind)
      this.#removals.set(`${key} as ${before.object.kind}`, refOf(before.object));
    this.#objects.set(key, source);
    this.#upserts.set(key, source);
  }

  remove({ metadata }: Pick<ApiObject, 'metadata'>): void {
    const key = objectKey(metadata);
    const known = this.#objects.get(key);
    if (known === undefined) return;
    this.#objects.delete(key);
    this.#upserts.delete(key);
    this.#removals.set(key, refOf(known.object));
  }

  take(upserts: SourceObject[], removals: ObjectRef[]): void {
    upserts.push(...this.#upserts.values());
    removals.push(...this.#removals.values());
    this.#upserts.clear();
    this.#removals.clear();
  }
}

function troubleOf(kind: ClusterKind, error: unknown): KindTrouble {
  const reason = error instanceof Error ? error.message : String(error);
  const status = error instanceof ApiError ? error.status : 0;
  return { kind, reason, hint: hintOf(kind, status), isRefused: status === 401 || status === 403 || status === 404 };
}

function hintOf({ group, plural, kind, versions }: ClusterKind, status: number): string {
  const name = group === '' ? plural : `${plural}.${group}`;
  if (status === 401) return 'The API server does not know who asks: check the token or certificate of the kubeconfig.';
  if (status === 403) return `Allow get, list and watch of ${name} in all namespaces to the service account of Heddle.`;
  if (status === 404) {
    return `Install the CustomResourceDefinition ${name} (deploy/crds) with one of the versions ${versions.join(', ')}; until then no ${kind} is in force.`;
  }
  return 'It is tried again; what was in force stays.';
}

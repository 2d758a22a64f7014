/**
 * Gives the roots of splits that are no Service one without a selector, so that their names resolve and have an address. In: the
 * roots of the model, and the Services of the cluster as they come. A Service that is not there is made after a moment, since
 * rollout tools make it themselves; as soon as anybody else writes one that Heddle made, it is theirs, and nothing of Heddle
 * stays on it; it is deleted only while it is Heddle's alone. Only for whoever holds the Lease.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { type ApiObject, objectKey } from '../../kube/kube-object.ts';
import { isOwn, isSame, logicalRootLabel, manager, portsOf, type Root, serviceOf } from './root-service.ts';

/** What it needs. */
export interface RootServicesOptions {
  readonly client: Pick<ApiClient, 'json'>;
  /** Told what can't be done; it is tried again. */
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Milliseconds for which a Service must be missing before it is made; default 5 s. */
  readonly absentFor?: number;
  /** Milliseconds of a clock that is never set; default `performance.now`. */
  readonly clock?: () => number;
}

/** Milliseconds between passes at least, and before one that failed is repeated. */
const shortestPass = 200;
const retryAfter = 2000;

/** Follows roots and Services. */
export class RootServices {
  readonly #options: RootServicesOptions;
  readonly #clock: () => number;
  readonly #services = new Map<string, ApiObject>();
  #roots: ReadonlyMap<string, Root> = new Map();
  /** Since when each root has no Service. */
  readonly #absent = new Map<string, number>();
  /** The version of each own Service that was found to be Heddle's alone. */
  readonly #checked = new Map<string, string | undefined>();
  #isDirty = true;
  #wake: (() => void) | undefined;

  constructor(options: RootServicesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Takes a Service as it came; undefined: it is gone. */
  see(key: { readonly namespace: string; readonly name: string }, service: ApiObject | undefined): void {
    if (service === undefined) this.#services.delete(objectKey(key));
    else this.#services.set(objectKey(key), service);
    this.#changed();
  }

  /** Takes the roots that are no Service of their own. */
  want(roots: readonly Root[]): void {
    this.#roots = new Map(roots.map(root => [objectKey(root), root]));
    this.#changed();
  }

  #changed(): void {
    this.#isDirty = true;
    this.#wake?.();
  }

  /** Sees to the Services until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#absent.clear();
    this.#isDirty = true;
    while (!signal.aborted) {
      this.#isDirty = false;
      const wait = await this.#pass(signal);
      if (signal.aborted) return;
      await delay(shortestPass, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
      if (!this.#isDirty && !signal.aborted) await this.#idle(wait, signal);
    }
  }

  /** Until something changes, or for so many milliseconds. */
  async #idle(milliseconds: number | undefined, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }

  /** Gives the milliseconds after which there is more to do although nothing changes. */
  async #pass(signal: AbortSignal): Promise<number | undefined> {
    const waits: number[] = [];
    for (const [key, root] of this.#roots) {
      const service = this.#services.get(key);
      if (service !== undefined) this.#absent.delete(key);
      const wait = service === undefined ? this.#missingFor(key) : 0;
      if (wait > 0) waits.push(wait);
      else if (signal.aborted || !(await this.#try(root, () => this.#settle(key, root, service))))
        waits.push(retryAfter);
    }
    for (const key of this.#absent.keys()) if (!this.#roots.has(key)) this.#absent.delete(key);
    for (const [key, service] of this.#services) {
      if (!isOwn(service) || this.#roots.has(key) || signal.aborted) continue;
      const named = { namespace: service.metadata.namespace ?? '', name: service.metadata.name };
      if (!(await this.#try(named, () => this.#drop(key, service)))) waits.push(retryAfter);
    }
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  /** Milliseconds until it has been missing for long enough. */
  #missingFor(key: string): number {
    const since = this.#absent.get(key) ?? this.#clock();
    this.#absent.set(key, since);
    return Math.max(0, since + (this.#options.absentFor ?? 5000) - this.#clock());
  }

  async #try(root: Pick<Root, 'namespace' | 'name'>, act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      // Somebody else was faster: what there is now is on its way.
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) return false;
      this.#options.onTrouble(`the Service ${root.namespace}/${root.name} of a split`, error);
      return false;
    }
  }

  async #settle(key: string, root: Root, service: ApiObject | undefined): Promise<void> {
    const { client } = this.#options;
    if (service === undefined) {
      const path = `/api/v1/namespaces/${root.namespace}/services`;
      const made = await client.json<ApiObject>({ method: 'POST', path, query: asHeddle, body: serviceOf(root) });
      this.#services.set(key, made);
      return;
    }
    if (!isOwn(service) || !(await this.#isStillOwn(key, service)) || isSame(service, root)) return;
    const { ownerReferences } = serviceOf(root).metadata;
    const metadata = { resourceVersion: service.metadata.resourceVersion, ownerReferences };
    await this.#patch(service, { metadata, spec: { ports: portsOf(root) } });
  }

  async #drop(key: string, service: ApiObject): Promise<void> {
    if (!(await this.#isStillOwn(key, service))) return;
    const { uid, resourceVersion } = service.metadata;
    const preconditions = { uid, resourceVersion };
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions };
    await this.#options.client.json({ method: 'DELETE', path: pathOf(service), body });
    this.#services.delete(key);
  }

  /** Whether nobody else has written it; if somebody has, everything of Heddle is taken off it. */
  async #isStillOwn(key: string, service: ApiObject): Promise<boolean> {
    const version = service.metadata.resourceVersion;
    if (this.#checked.get(key) === version) return true;
    const now = await this.#options.client.json<ApiObject & { metadata: ManagedMeta }>({ path: pathOf(service) });
    const { managedFields = [], ownerReferences = [], resourceVersion } = now.metadata;
    if (managedFields.every(entry => entry.manager === manager || entry.subresource !== undefined)) {
      this.#checked.set(key, resourceVersion);
      return resourceVersion === version;
    }
    const labels = { [logicalRootLabel]: null, 'app.kubernetes.io/managed-by': null };
    const others = ownerReferences.filter(({ kind }) => kind !== 'TrafficSplit');
    await this.#patch(now, { metadata: { resourceVersion, labels, ownerReferences: others } });
    this.#checked.delete(key);
    return false;
  }

  async #patch(service: ApiObject, body: object): Promise<void> {
    await this.#options.client.json({
      method: 'PATCH',
      path: pathOf(service),
      query: asHeddle,
      body,
      contentType: 'application/merge-patch+json',
    });
  }
}

interface ManagedMeta {
  readonly managedFields?: readonly { readonly manager?: string; readonly subresource?: string }[];
  readonly ownerReferences?: readonly { readonly kind: string }[];
}

const asHeddle = { fieldManager: manager };

function pathOf({ metadata: { namespace = '', name } }: Pick<ApiObject, 'metadata'>): string {
  return `/api/v1/namespaces/${namespace}/services/${name}`;
}

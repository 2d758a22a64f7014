/**
 * Follows one kind: lists it, watches it, and goes on whatever happens to the server or the way to it. Out: everything that
 * there is, then every change. A watch that ends is resumed where it stood; one that the server has forgotten is listed
 * anew; what fails is tried again with back-off, for ever, and said.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { type ApiObject, objectKey } from './kube-object.ts';
import { listPages } from './list-pages.ts';
import { type WatchEvent, watchEvents } from './watch-events.ts';

/** Told what there is; called in order, and never by two at a time. */
export interface ResourceListener {
  /** Everything that there is, in the place of all that was told before. */
  replaced(objects: readonly ApiObject[]): void;
  /** One that is new, or different. */
  changed(object: ApiObject): void;
  /** One that is no more, as it was last. */
  removed(object: ApiObject): void;
  /** Something failed; what was told stays as it is, and it is tried again after so many milliseconds. */
  failed(error: unknown, retryIn: number): void;
  /** The server answers again. */
  recovered?(): void;
}

/** How to follow a kind. */
export interface WatchOptions {
  readonly client: Pick<ApiClient, 'json' | 'stream'>;
  /** Such as `/api/v1/pods`; a function is asked before every list, as another version may be served by then. */
  readonly path: string | (() => Promise<string>);
  /** Label and field selectors. */
  readonly query?: Readonly<Record<string, string>>;
  readonly listener: ResourceListener;
  /** Objects a page, where the server streams no lists; default 500. */
  readonly pageSize?: number;
  /** From 0 to 1; default `Math.random`. */
  readonly random?: () => number;
  /** Waits between attempts; default: by the clock. Rejects or resolves once the signal aborts. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Milliseconds before the second attempt; doubled each time, up to a bound, and shortened by up to a half at random. To find
 * out that nobody answers costs a server nothing.
 */
const backOff = { first: 250, longest: 10_000, unreachable: 3000 };

/** Seconds after which a server ends a watch, at least; up to twice as long, so that not all of them end at once. */
const watchSeconds = 290;

/** Milliseconds beyond that after which nobody answers any more. */
const grace = 30_000;

/** Milliseconds that a watch without an event lasts at least, where all is well. */
const shortest = 1000;

/** Marks the bookmark after which a streamed list is complete. */
const initialEventsEnd = 'k8s.io/initial-events-end';

/** Follows a kind until the signal aborts. */
export async function watchResources(options: WatchOptions, signal: AbortSignal): Promise<void> {
  await new ResourceWatch(options).run(signal);
}

class ResourceWatch {
  readonly #options: WatchOptions;
  readonly #random: () => number;
  readonly #pause: NonNullable<WatchOptions['pause']>;
  /** Where the watch stands; undefined: nothing is known, so list. */
  #resourceVersion: string | undefined;
  /** Whether the server streams lists (WatchList, Kubernetes 1.32); found out by asking. */
  #streamsLists = true;
  #failures = 0;
  /** Whether the last thing that the listener heard of the server is that it failed. */
  #failing = false;
  #path = '';

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#pause = options.pause ?? (async (milliseconds, signal) => await delay(milliseconds, undefined, { signal }));
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        const wait = this.#afterFailure(error);
        if (wait === undefined) continue;
        this.#failing = true;
        this.#options.listener.failed(error, wait);
        await this.#pause(wait, signal).catch(() => undefined); // the loop's condition sees the abort
      }
    }
  }

  /** What a failure means for the next attempt; gives the milliseconds until it, undefined for at once and nothing to say. */
  #afterFailure(error: unknown): number | undefined {
    const isExpired = error instanceof ApiError && error.isExpired;
    if (
      error instanceof ApiError &&
      error.status === 422 &&
      this.#streamsLists &&
      this.#resourceVersion === undefined
    ) {
      this.#streamsLists = false;
      return undefined;
    }
    // What is refused or gone may be another kind by the time that it is there again.
    if (error instanceof ApiError && !error.retryable) this.#resourceVersion = undefined;
    this.#failures += 1;
    if (isExpired && this.#failures === 1) return undefined;
    const bound = error instanceof ApiError && error.status === 0 ? backOff.unreachable : backOff.longest;
    const longest = Math.min(backOff.first * 2 ** (this.#failures - 1), bound);
    const asked = error instanceof ApiError ? (error.retryAfter ?? 0) * 1000 : 0;
    return Math.max(asked, Math.round(longest * (1 - this.#random() / 2)));
  }

  async #follow(signal: AbortSignal): Promise<void> {
    if (this.#resourceVersion !== undefined) return await this.#watch(this.#resourceVersion, signal);
    const { path } = this.#options;
    this.#path = typeof path === 'string' ? path : await path();
    if (this.#streamsLists) return await this.#watch(undefined, signal);
    const { client, query, pageSize } = this.#options;
    const request = { path: this.#path, signal, ...(query && { query }), ...(pageSize !== undefined && { pageSize }) };
    const { objects, resourceVersion } = await listPages(client, request);
    this.#replace(objects, resourceVersion);
  }

  /** Follows one watch to its end; without a version the server streams the list first. */
  async #watch(from: string | undefined, signal: AbortSignal): Promise<void> {
    const seconds = Math.round(watchSeconds * (1 + this.#random()));
    const limit = AbortSignal.timeout(seconds * 1000 + grace);
    const query = {
      ...this.#options.query,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(seconds),
      ...(from === undefined
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: from }),
    };
    const onOpen = from === undefined ? undefined : () => this.#recovered();
    const request = { path: this.#path, query, signal: AbortSignal.any([signal, limit]), ...(onOpen && { onOpen }) };
    let initial: Map<string, ApiObject> | undefined = from === undefined ? new Map() : undefined;
    let events = 0;
    const began = performance.now();
    for await (const event of watchEvents(this.#options.client, request)) {
      events += 1;
      if (initial === undefined) this.#tell(event);
      else if (collect(initial, event)) {
        this.#replace([...initial.values()], event.object.metadata.resourceVersion);
        initial = undefined;
      }
    }
    // A server, or a proxy before it, that ends every watch at once must not be asked again at once.
    if (initial !== undefined || (events === 0 && performance.now() - began < shortest)) {
      throw new ApiError(`the watch of ${this.#path} ended at once`, { status: 0, code: 'Unreachable' });
    }
  }

  #replace(objects: readonly ApiObject[], resourceVersion: string | undefined): void {
    this.#resourceVersion = resourceVersion;
    this.#options.listener.replaced(objects);
    this.#answered();
  }

  #tell({ type, object }: WatchEvent): void {
    this.#answered();
    if (type === 'DELETED') this.#options.listener.removed(object);
    else if (type !== 'BOOKMARK') this.#options.listener.changed(object);
    // Only once it is told: what throws on the way is told again.
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  #answered(): void {
    this.#failures = 0;
    this.#recovered();
  }

  #recovered(): void {
    if (this.#failing) this.#options.listener.recovered?.();
    this.#failing = false;
  }
}

/** Takes an event of a streamed list in; says whether the list is complete with it. */
function collect(initial: Map<string, ApiObject>, { type, object }: WatchEvent): boolean {
  if (type === 'BOOKMARK') return object.metadata.annotations?.[initialEventsEnd] === 'true';
  const key = objectKey(object.metadata);
  if (type === 'DELETED') initial.delete(key);
  else initial.set(key, object);
  return false;
}

/**
 * Of several that want to do the same, one does: the holder of a Lease (coordination.k8s.io/v1), which others take over once
 * it has not been renewed for a while. Clocks are not compared: each measures by its own for how long it has seen no change.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';

/** What to be elected for, and by what name. */
export interface ElectionOptions {
  readonly client: Pick<ApiClient, 'json'>;
  readonly namespace: string;
  /** Of the Lease. */
  readonly name: string;
  /** Tells this candidate from all others, also from itself before a restart. */
  readonly identity: string;
  /** Milliseconds; defaults 15 s until others take over, 10 s until it gives up what it can't renew, 2 s between tries. */
  readonly durations?: { readonly lease: number; readonly renewal: number; readonly retry: number };
  /** Milliseconds of a clock that is never set; default `performance.now`. */
  readonly clock?: () => number;
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Told when the Lease can't be asked for; it is tried again. */
  readonly onTrouble?: (error: unknown) => void;
}

interface Lease {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number | null;
    readonly leaseTransitions?: number | null;
    readonly acquireTime?: string | null;
  };
}

const defaults = { lease: 15_000, renewal: 10_000, retry: 2000 };

/**
 * Stands for election until the signal aborts. `lead` runs while this one holds the Lease, with a signal that aborts when it no
 * longer does; once it ends the Lease is given up, so that another need not wait.
 */
export async function standForElection(
  options: ElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const candidate = new Candidate(options);
  const { pause = async (milliseconds, until) => await delay(milliseconds, undefined, { signal: until }) } = options;
  const { retry } = options.durations ?? defaults;
  let term: Term | undefined;
  const end = async (): Promise<void> => {
    term?.stop.abort();
    await term?.work;
    term = undefined;
  };
  while (!signal.aborted) {
    const isHolding = await candidate.tryOnce();
    if (signal.aborted) break;
    if (isHolding && term === undefined) term = beginTerm(lead, signal);
    if (!isHolding && term !== undefined) await end();
    await pause(retry, signal).catch(() => undefined); // the loop's condition sees the abort
  }
  await end();
  await candidate.release();
}

interface Term {
  readonly stop: AbortController;
  readonly work: Promise<void>;
}

function beginTerm(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Term {
  const stop = new AbortController();
  return { stop, work: lead(AbortSignal.any([stop.signal, signal])) };
}

class Candidate {
  readonly #options: ElectionOptions;
  readonly #path: string;
  readonly #clock: () => number;
  readonly #durations: NonNullable<ElectionOptions['durations']>;
  /** The Lease as it was seen last, and since when it has been so. */
  #seen: { readonly version: string | undefined; readonly since: number } | undefined;
  /** When it was held last for sure. */
  #heldAt: number | undefined;

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
    this.#clock = options.clock ?? (() => performance.now());
    this.#durations = options.durations ?? defaults;
  }

  /** Renews the Lease or takes it where it is free. Says whether this one may go on as its holder. */
  async tryOnce(): Promise<boolean> {
    const asked = this.#clock();
    try {
      // What it may do is counted from when it asked: the answer may have taken its time.
      this.#heldAt = (await this.#acquire()) ? asked : undefined;
    } catch (error) {
      // Somebody else was faster; or nobody answers, and until the others may take over it goes on.
      const isLost = error instanceof ApiError && error.status === 409;
      if (isLost) this.#heldAt = undefined;
      else this.#options.onTrouble?.(error);
    }
    return this.#heldAt !== undefined && this.#clock() - this.#heldAt < this.#durations.renewal;
  }

  /** Gives it up, if it is held. */
  async release(): Promise<void> {
    if (this.#heldAt === undefined) return;
    try {
      const lease = await this.#read();
      if (lease?.spec?.holderIdentity === this.#options.identity) await this.#write('PUT', lease, '');
    } catch {
      // Then others wait until it runs out.
    }
  }

  async #acquire(): Promise<boolean> {
    const { identity } = this.#options;
    const lease = await this.#read();
    if (lease === undefined) {
      await this.#write('POST', undefined, identity);
      return true;
    }
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder !== identity && holder !== '' && !this.#hasRunOut(lease)) return false;
    await this.#write('PUT', lease, identity);
    return true;
  }

  #hasRunOut({ metadata, spec }: Lease): boolean {
    const version = metadata.resourceVersion;
    const now = this.#clock();
    if (this.#seen === undefined || this.#seen.version !== version) this.#seen = { version, since: now };
    const duration = (spec?.leaseDurationSeconds ?? 0) * 1000 || this.#durations.lease;
    return now - this.#seen.since >= duration;
  }

  /** A server that takes its time must not keep a holder from noticing that its own is over. */
  #limit(): AbortSignal {
    return AbortSignal.timeout(Math.ceil(this.#durations.renewal / 3));
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#options.client.json<Lease>({
        path: `${this.#path}/${this.#options.name}`,
        signal: this.#limit(),
      });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #write(method: 'POST' | 'PUT', before: Lease | undefined, holder: string): Promise<void> {
    const { client, name, identity, namespace } = this.#options;
    const now = new Date().toISOString().replace('Z', '000Z');
    const isNew = before?.spec?.holderIdentity !== identity;
    const transitions = (before?.spec?.leaseTransitions ?? 0) + (isNew && before !== undefined ? 1 : 0);
    await client.json({
      method,
      signal: this.#limit(),
      path: method === 'POST' ? this.#path : `${this.#path}/${name}`,
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace, ...(before && { resourceVersion: before.metadata.resourceVersion }) },
        spec: {
          holderIdentity: holder,
          leaseDurationSeconds: Math.ceil(this.#durations.lease / 1000),
          leaseTransitions: transitions,
          acquireTime: isNew ? now : (before?.spec?.acquireTime ?? now),
          renewTime: now,
        },
      },
    });
  }
}

/**
 * Says on the objects of a cluster what became of them: conditions where their kind has a status, and events. In: the objects as
 * they come, and on demand what is to be said of them all. Writes only what differs, at most once a second, and only while it
 * runs: that is for whoever holds the Lease.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import type { ApiObject } from '../../kube/kube-object.ts';
import { EventRecorder, eventName, type Remarked } from './event-recorder.ts';
import { type ReportedObject, reportedKey, reportedObject } from './reported-object.ts';
import { StatusWriter, type WantedConditions } from './status-writer.ts';

/** What there is to say of all objects. */
export interface ClusterReport {
  readonly objects: readonly WantedConditions[];
  readonly findings: readonly Finding[];
}

/** What it needs. */
export interface ClusterReportsOptions {
  readonly client: Pick<ApiClient, 'json' | 'apply'>;
  /** What is to be said now; undefined before the first pass of the loop. */
  readonly report: () => ClusterReport | undefined;
  readonly now: () => Date;
  /** Told what can't be written; it is tried again. */
  readonly onTrouble: (what: string, error: unknown) => void;
  /** Milliseconds between passes, and before one that failed is repeated; default 1 s and 10 s. */
  readonly intervals?: { readonly pass: number; readonly retry: number };
}

/** How many requests are under way at once: the API server has others to serve. */
const concurrency = 8;

/** Follows what is to be said, and says it. */
export class ClusterReports {
  readonly #options: ClusterReportsOptions;
  readonly #seen = new Map<string, ReportedObject>();
  #isDirty = true;
  #wake: (() => void) | undefined;

  constructor(options: ClusterReportsOptions) {
    this.#options = options;
  }

  /** Takes an object as it came; undefined: it is gone. */
  see(ref: ObjectRef, object: ApiObject | undefined): void {
    if (object === undefined) this.#seen.delete(reportedKey(ref));
    else this.#seen.set(reportedKey(ref), reportedObject(ref, object));
  }

  /** Told that there may be something else to say. */
  changed(): void {
    this.#isDirty = true;
    this.#wake?.();
  }

  /** Writes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, now, onTrouble, intervals = { pass: 1000, retry: 10_000 } } = this.#options;
    const writer = new StatusWriter({
      client,
      now,
      onTrouble: (kind, error) => onTrouble(`the status of a ${kind}`, error),
    });
    const recorder = new EventRecorder({ client, now });
    this.#isDirty = true;
    while (!signal.aborted) {
      await this.#dirty(signal);
      if (signal.aborted) return;
      this.#isDirty = false;
      const isDone = await this.#pass({ writer, recorder }, signal);
      const wait = isDone ? intervals.pass : intervals.retry;
      await delay(wait, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
      if (!isDone) this.#isDirty = true;
    }
  }

  async #dirty(signal: AbortSignal): Promise<void> {
    if (this.#isDirty) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    this.#wake = undefined;
  }

  /** Says whether all was said. */
  async #pass(by: Scribes, signal: AbortSignal): Promise<boolean> {
    const report = this.#options.report();
    if (report === undefined) return true;
    const tasks = [...this.#conditions(report, by), ...this.#events(report, by)];
    let isDone = true;
    await inParallel(tasks, signal, error => {
      isDone = false;
      this.#options.onTrouble('an event', error);
    });
    return isDone;
  }

  #conditions({ objects }: ClusterReport, { writer }: Scribes): Task[] {
    return objects.flatMap(wanted => {
      const key = reportedKey(wanted);
      const seen = this.#seen.get(key);
      if (seen === undefined) return [];
      return [
        async () => {
          const written = await writer.write(wanted, seen);
          // Unless it has come anew meanwhile.
          if (this.#seen.get(key) === seen) this.#seen.set(key, written);
        },
      ];
    });
  }

  #events({ objects, findings }: ClusterReport, { writer, recorder }: Scribes): Task[] {
    const remarks = findings.flatMap(finding => this.#about(finding.object, finding));
    for (const object of objects) {
      // Where the status can't be written, events say the same.
      if (!writer.isWritable(object))
        remarks.push(...conditionRemarks(object).flatMap(said => this.#about(object, said)));
    }
    recorder.retain(new Set(remarks.map(({ seen, remark }) => eventName(seen, remark))));
    return remarks.map(
      ({ seen, remark }) =>
        async () =>
          await recorder.record(seen, remark),
    );
  }

  #about(ref: ObjectRef | undefined, remark: Remarked): { seen: ReportedObject; remark: Remarked }[] {
    const seen = ref && this.#seen.get(reportedKey(ref));
    return seen === undefined ? [] : [{ seen, remark }];
  }
}

interface Scribes {
  readonly writer: StatusWriter;
  readonly recorder: EventRecorder;
}

type Task = () => Promise<void>;

/** That an object is accepted and in force everywhere, which no finding says. */
function conditionRemarks({ conditions }: WantedConditions): Remarked[] {
  return conditions
    .filter(({ type, status }) => status === 'True' && (type === 'Accepted' || type === 'Programmed'))
    .map(({ reason, message }) => ({ reason: reason as Remarked['reason'], severity: 'info', message }));
}

async function inParallel(
  tasks: readonly Task[],
  signal: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  const queue = tasks.values();
  const work = async (): Promise<void> => {
    for (const task of queue) {
      if (signal.aborted) return;
      await task().catch(onError);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

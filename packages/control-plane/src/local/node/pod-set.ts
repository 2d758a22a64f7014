/** All pods of a node: takes the list of wanted ones and makes it so. */

import { type Pod, type PodStatus, podKey, type StatusEvent } from '../pod.ts';
import type { NodeSettings } from '../sandbox/sandbox.ts';
import type { Clock } from './clock.ts';
import { diffPods } from './pod-diff.ts';
import { PodRunner } from './pod-runner.ts';

interface Running {
  readonly runner: PodRunner;
  readonly end: AbortController;
  readonly done: Promise<void>;
}

/** Runs the wanted pods; a pod that did not change is not touched. */
export class PodSet {
  readonly #node: { readonly settings: NodeSettings; readonly clock: Clock };
  readonly #running = new Map<string, Running>();
  readonly #ending = new Set<Running>();
  readonly #told = new Map<string, string>();
  readonly #listeners = new Set<(event: StatusEvent) => void>();
  readonly #onError: (error: unknown) => void;
  #count = 0;
  #ended = false;

  /** `onError` is told of pods that could not be brought up to date; the others are not concerned. */
  constructor(node: { readonly settings: NodeSettings; readonly clock: Clock }, onError: (error: unknown) => void) {
    this.#node = node;
    this.#onError = onError;
  }

  /** Starts, stops and changes pods until the list is what runs. Throws a PodListError, then nothing has changed. */
  apply(wanted: readonly Pod[]): void {
    if (this.#ended) return;
    const pods = new Map([...this.#running].map(([key, { runner }]) => [key, runner.pod]));
    const changes = diffPods(pods, wanted);
    for (const key of changes.stop) this.#stop(key);
    for (const pod of changes.replace) this.#stop(podKey(pod));
    for (const pod of [...changes.replace, ...changes.start]) this.#start(pod);
    for (const pod of changes.update) this.#running.get(podKey(pod))?.runner.update(pod).catch(this.#onError);
  }

  /** The pods that are wanted, each in its newest form. */
  wanted(): readonly Pod[] {
    return [...this.#running.values()].map(({ runner }) => runner.pod);
  }

  /** The status of every pod that runs or is ending, by namespace and name. */
  statuses(): readonly PodStatus[] {
    const ending = [...this.#ending].filter(({ runner }) => !this.#running.has(podKey(runner.pod)));
    return [...this.#running.values(), ...ending]
      .map(({ runner }) => runner.status())
      .toSorted((a, b) => (podKey(a) < podKey(b) ? -1 : 1));
  }

  /** Calls the listener with the full state at once and with every change from then on; returns how to end that. */
  watch(listener: (event: StatusEvent) => void): () => void {
    listener({ type: 'state', pods: this.statuses() });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ends all pods, each killed after so many milliseconds; resolves when nothing is left. */
  async end(graceMilliseconds: number): Promise<void> {
    this.#ended = true;
    for (const { runner } of [...this.#running.values(), ...this.#ending]) runner.limitGrace(graceMilliseconds);
    for (const key of Array.from(this.#running.keys())) this.#stop(key);
    await Promise.all([...this.#ending].map(({ done }) => done));
  }

  #start(pod: Pod): void {
    const key = podKey(pod);
    this.#count += 1;
    const runner = new PodRunner(pod, this.#count.toString(36), this.#node, () => this.#tell(key));
    const end = new AbortController();
    // A predecessor, or whoever had the address before, is gone first.
    const before = [...this.#ending].filter(
      other => podKey(other.runner.pod) === key || other.runner.pod.ip === pod.ip,
    );
    const done = Promise.all(before.map(other => other.done))
      .then(() => runner.run(end.signal))
      .catch(this.#onError);
    this.#running.set(key, { runner, end, done });
    this.#tell(key);
  }

  #stop(key: string): void {
    const stopped = this.#running.get(key);
    if (stopped === undefined) return;
    this.#running.delete(key);
    this.#ending.add(stopped);
    stopped.end.abort();
    void stopped.done.then(() => {
      this.#ending.delete(stopped);
      this.#tell(key);
    });
  }

  #statusOf(key: string): PodStatus | undefined {
    const ending = [...this.#ending].findLast(({ runner }) => podKey(runner.pod) === key);
    return (this.#running.get(key) ?? ending)?.runner.status();
  }

  #tell(key: string): void {
    const status = this.#statusOf(key);
    const told = JSON.stringify(status);
    if (this.#told.get(key) === told) return;
    if (status === undefined) this.#told.delete(key);
    else this.#told.set(key, told);
    const [namespace = '', name = ''] = key.split('/');
    const event: StatusEvent = status ? { type: 'changed', pod: status } : { type: 'removed', namespace, name };
    for (const listener of this.#listeners) listener(event);
  }
}

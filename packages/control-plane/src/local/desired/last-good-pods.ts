/** A pod that runs outlives what is written of it and can't run. */

import { type Pod, podKey } from '../pod.ts';
import type { DesiredPods } from './desired-pods.ts';

/**
 * Remembers the last good form of each pod: one that is refused now, but ran before, goes on as it was. One that is no
 * longer written ends.
 */
export class LastGoodPods {
  #good: ReadonlyMap<string, Pod> = new Map();

  /** Takes over the pods that run since before this process. */
  restore(pods: readonly Pod[]): void {
    this.#good = new Map(pods.map(pod => [podKey(pod), pod]));
  }

  /** The pods to run, by namespace and name. A refused pod whose address another one has now is not among them. */
  keep({ pods, refused }: Pick<DesiredPods, 'pods' | 'refused'>): readonly Pod[] {
    const taken = new Set(pods.map(({ ip }) => ip));
    const kept = [...this.#good.values()].filter(pod => refused.has(podKey(pod)) && !taken.has(pod.ip));
    const all = [...pods, ...kept].toSorted((a, b) => (podKey(a) < podKey(b) ? -1 : 1));
    this.#good = new Map(all.map(pod => [podKey(pod), pod]));
    return all;
  }
}

/** What has to happen for the running pods to become the wanted ones. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { type Pod, podKey } from '../pod.ts';

/** Steps from one set of pods to another, each pod by its newest form. */
export interface PodChanges {
  readonly start: readonly Pod[];
  /** The content of their volumes or the level of their sidecar's log alone differs: it is changed in place. */
  readonly update: readonly Pod[];
  /** Stopped, then started anew. */
  readonly replace: readonly Pod[];
  /** Keys of pods that are no longer wanted. */
  readonly stop: readonly string[];
}

/** A list of pods that can't be run; the message says why, and nothing of it is taken. */
export class PodListError extends Error {
  readonly code = 'PodListInvalid';
  readonly retryable = false;
}

/** Compares running pods with the wanted list. Throws {@link PodListError} on duplicate keys or addresses. */
export function diffPods(running: ReadonlyMap<string, Pod>, wanted: readonly Pod[]): PodChanges {
  const start: Pod[] = [];
  const update: Pod[] = [];
  const replace: Pod[] = [];
  const keys = new Set<string>();
  const owners = new Map<string, string>();
  for (const pod of wanted) {
    const key = podKey(pod);
    const owner = owners.get(pod.ip);
    if (keys.has(key)) throw new PodListError(`the pod ${key} is listed twice`);
    if (owner !== undefined) throw new PodListError(`the pods ${owner} and ${key} share the address ${pod.ip}`);
    keys.add(key);
    owners.set(pod.ip, key);
    const before = running.get(key);
    if (before === undefined) start.push(pod);
    else if (!isDeepStrictEqual(withoutContent(before), withoutContent(pod))) replace.push(pod);
    else if (!isDeepStrictEqual(before, pod)) update.push(pod);
  }
  return { start, update, replace, stop: [...running.keys()].filter(key => !keys.has(key)) };
}

function withoutContent(pod: Pod): unknown {
  const volumes = (pod.volumes ?? []).map(volume => ('files' in volume ? { name: volume.name, files: {} } : volume));
  return { ...pod, volumes, ...(pod.sidecar && { sidecar: { ...pod.sidecar, logLevel: undefined } }) };
}

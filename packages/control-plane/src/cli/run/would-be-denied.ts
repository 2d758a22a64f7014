import { wouldBeDeniedStats } from '@heddle/mesh';
import { get } from '../../local/node/envoy-admin.ts';
import { type PodStatus, podKey } from '../../local/pod.ts';

/** What a sidecar has let in so far that policy would deny, since it started (I3). */
export interface WouldBeDenied {
  readonly requests: number;
  /** Of bytes. */
  readonly connections: number;
}

/** Asks the sidecars of pods, by `namespace/name`; one that does not answer is left out. */
export async function readWouldBeDenied(
  pods: readonly PodStatus[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, WouldBeDenied>> {
  const counts = await Promise.all(
    pods.map(async pod => {
      if (pod.sidecar === null) return [];
      try {
        const { body } = await get(pod.sidecar.adminSocket, '/stats?filter=shadow_denied', signal);
        return [[podKey(pod), countsIn(body)] as const];
      } catch {
        return []; // it is being started, or gone
      }
    }),
  );
  return new Map(counts.flat());
}

/** Reads them from a sidecar's statistics as text; what it has not counted yet is none. */
export function countsIn(statistics: string): WouldBeDenied {
  const counted = new Map(statistics.split('\n').map(line => line.split(': ') as [string, string]));
  const count = (name: string) => Number(counted.get(name) ?? 0);
  return { requests: count(wouldBeDeniedStats.requests), connections: count(wouldBeDeniedStats.connections) };
}

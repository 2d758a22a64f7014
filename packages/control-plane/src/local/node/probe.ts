/** When a container is probed, and what follows from the answers. */

import type { Probe } from '../pod.ts';
import type { Clock } from './clock.ts';

/** Asks once; false or a rejection is a failure. The signal aborts at the probe's timeout. */
export type Check = (signal: AbortSignal) => Promise<boolean>;

/** Reports the outcome whenever it becomes certain or changes: after so many successes or failures in a row. */
export type Report = (healthy: boolean) => void;

/** First pause before a probe that has never succeeded is tried again; each is longer by a half, up to the period. */
const firstRetryMilliseconds = 50;

/**
 * Probes until the signal aborts, as Kubernetes does, with one difference: before the first success it asks more often
 * than once a period, so that a container that comes up within milliseconds is seen within milliseconds. Failures then
 * count at most once a period, hence thresholds mean the same time as in Kubernetes.
 */
export async function runProbe(
  probe: Probe,
  check: Check,
  report: Report,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const period = (probe.periodSeconds ?? 10) * 1000;
  const timeout = (probe.timeoutSeconds ?? 1) * 1000;
  const thresholds = { success: probe.successThreshold ?? 1, failure: probe.failureThreshold ?? 3 };
  await clock.sleep((probe.initialDelaySeconds ?? 0) * 1000, signal);
  let [successes, failures] = [0, 0];
  let lastCounted = clock.now();
  let retry = firstRetryMilliseconds;
  let seenHealthy = false;
  while (!signal.aborted) {
    const healthy = await ask(check, timeout, signal);
    if (signal.aborted) return;
    if (healthy) {
      [successes, failures] = [successes + 1, 0];
      seenHealthy = true;
      if (successes === thresholds.success) report(true);
    } else {
      successes = 0;
      if (seenHealthy || clock.now() - lastCounted >= period) {
        failures += 1;
        lastCounted = clock.now();
        if (failures === thresholds.failure) report(false);
      }
    }
    await clock.sleep(seenHealthy ? period : Math.min(retry, period), signal);
    retry *= 1.5;
  }
}

async function ask(check: Check, timeout: number, signal: AbortSignal): Promise<boolean> {
  try {
    return await check(AbortSignal.any([signal, AbortSignal.timeout(timeout)]));
  } catch {
    return false; // a refused connection, a timeout or a failed command: all mean unhealthy
  }
}

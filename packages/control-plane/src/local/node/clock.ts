/** Time, as far as the node needs it: injected, so that tests pass it themselves. */
import { setTimeout as delay } from 'node:timers/promises';

/** What time it is, and waiting for it to pass. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after that many milliseconds, at once when the signal aborts; never rejects. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch {
      // Aborted: whoever waits looks at the signal.
    }
  },
};

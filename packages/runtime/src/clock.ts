/** Time, so that tests can be their own. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /**
   * Calls back once after so many milliseconds; what it returns calls that off. The process stays alive for it only where
   * `holds` says so.
   */
  after(milliseconds: number, then: () => void, holds?: 'holds the process'): () => void;
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, then, holds) {
    // Longer than a timer can wait: it never comes, as good as.
    const timer = setTimeout(then, Math.min(milliseconds, 2 ** 31 - 1));
    if (holds === undefined) timer.unref();
    return () => clearTimeout(timer);
  },
};

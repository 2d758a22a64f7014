/** How much may be repeated. */
export interface BudgetOptions {
  /** Repetitions allowed for each request of the last ten seconds. Default 0.2: one to five. */
  readonly ratio?: number;
  /** Repetitions allowed besides, a second, so that rare requests are repeated too. Default 3. */
  readonly perSecond?: number;
}

/** Slots of one second. */
const slots = 10;

/**
 * Keeps repetitions a bounded share of the requests to one service, counted over ten seconds: a service that fails under load is
 * not given much more of it.
 */
export class RetryBudget {
  readonly #ratio: number;
  readonly #floor: number;
  readonly #requests = Array.from({ length: slots }, () => 0);
  readonly #retries = Array.from({ length: slots }, () => 0);
  /** The second that was counted last. */
  #second = 0;

  constructor({ ratio = 0.2, perSecond = 3 }: BudgetOptions = {}) {
    this.#ratio = ratio;
    this.#floor = perSecond * slots;
  }

  /** Counts a request, at a time in milliseconds. */
  request(now: number): void {
    count(this.#requests, this.#slot(now));
  }

  /** Takes a repetition out of the budget; says whether there was one left. */
  take(now: number): boolean {
    const slot = this.#slot(now);
    if (sum(this.#retries) + 1 > this.#floor + this.#ratio * sum(this.#requests)) return false;
    count(this.#retries, slot);
    return true;
  }

  /** Empties the slots that time has passed since. */
  #slot(now: number): number {
    const second = Math.floor(now / 1000);
    for (let passed = Math.max(this.#second + 1, second - slots + 1); passed <= second; passed++) {
      this.#requests[passed % slots] = 0;
      this.#retries[passed % slots] = 0;
    }
    this.#second = Math.max(this.#second, second);
    return this.#second % slots;
  }
}

function count(counts: number[], slot: number): void {
  counts[slot] = (counts[slot] ?? 0) + 1;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, each) => total + each, 0);
}

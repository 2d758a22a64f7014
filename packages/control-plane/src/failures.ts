/** A hop of the loop that fails: what it made before stays in force. */
export interface PassFailure {
  /** `compile`, or the name of an output. */
  readonly part: string;
  readonly message: string;
  /** Passes that failed one after the other. */
  readonly times: number;
}

/** What happens besides when something fails. */
export interface FailuresOptions {
  readonly onFailure: (part: string, error: unknown) => void;
  /** Asks for another try. */
  readonly retry: () => void;
}

/** Milliseconds until the first further try; each one doubles it. */
const firstRetry = 1000;
/** Milliseconds between tries at most. */
const slowestRetry = 60_000;

/** Keeps parts of a pass from breaking each other, remembers what fails, and asks for another try with back-off. */
export class Failures {
  readonly #options: FailuresOptions;
  readonly #failing = new Map<string, PassFailure>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FailuresOptions) {
    this.#options = options;
  }

  /** What fails now. */
  get list(): readonly PassFailure[] {
    return [...this.#failing.values()];
  }

  /** Does something that may throw; `undefined` when it did. */
  guard<Value>(part: string, action: () => Value): Value | undefined {
    try {
      const value = action();
      this.#failing.delete(part);
      return value;
    } catch (error) {
      const times = (this.#failing.get(part)?.times ?? 0) + 1;
      this.#failing.set(part, { part, message: error instanceof Error ? error.message : String(error), times });
      this.#options.onFailure(part, error);
      this.#retryAfter(Math.min(firstRetry * 2 ** (times - 1), slowestRetry));
      return undefined;
    }
  }

  /** Gives further tries up. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #retryAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#options.retry, milliseconds).unref();
  }
}

import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds before a value that could not be sent is sent again. */
const retryAfter = 200;

/**
 * Brings a value to somebody: one request at a time, the latest value wins, what failed is tried again until the signal
 * aborts. An equal value is not sent twice.
 */
export class LatestValue<Value> {
  readonly #send: (value: Value) => Promise<void>;
  readonly #onTrouble: (error: unknown) => void;
  #wanted: { readonly value: Value; readonly text: string } | undefined;
  #sent: string | undefined;
  #wake: (() => void) | undefined;

  constructor(send: (value: Value) => Promise<void>, onTrouble: (error: unknown) => void) {
    this.#send = send;
    this.#onTrouble = onTrouble;
  }

  /** Takes a value; the same object again costs nothing. */
  put(value: Value): void {
    if (this.#wanted?.value === value) return;
    this.#wanted = { value, text: JSON.stringify(value) };
    this.#wake?.();
  }

  /** Sends until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (!signal.aborted) {
      const wanted = this.#wanted;
      if (wanted === undefined || wanted.text === this.#sent) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        this.#wake = undefined;
        continue;
      }
      try {
        await this.#send(wanted.value);
        this.#sent = wanted.text;
      } catch (error) {
        this.#onTrouble(error);
        await delay(retryAfter, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
      }
    }
  }
}

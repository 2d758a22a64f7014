import { type InspectOptions, inspect } from 'node:util';

const redacted = '[private key]';

/** A private key that shows itself to nobody who doesn't ask for it by name: not to logs, JSON or `inspect`. */
export class PrivateKey {
  readonly #pem: string;

  /** @param pem PKCS #8 */
  constructor(pem: string) {
    this.#pem = pem;
  }

  /** The key as PKCS #8 PEM; for the sidecar that it belongs to, and for a supervisor's own memory. */
  reveal(): string {
    return this.#pem;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](_depth: number, _options: InspectOptions): string {
    return redacted;
  }
}

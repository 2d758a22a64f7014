import { type Remark, remarkKey } from '@heddle/mesh';
import type { Logger } from '../log.ts';

/** Writes each remark down when it begins to hold, and again only after it has not held for a while. */
export class RemarkLog {
  readonly #log: Pick<Logger, 'info'>;
  #known: ReadonlySet<string> = new Set();

  constructor(log: Pick<Logger, 'info'>) {
    this.#log = log;
  }

  /** Takes all that is to be remarked on now. */
  note(remarks: readonly Remark[]): void {
    const now = new Set<string>();
    for (const remark of remarks) {
      const key = remarkKey(remark);
      now.add(key);
      const { message, ...fields } = remark;
      if (!this.#known.has(key)) this.#log.info(message, fields);
    }
    this.#known = now;
  }
}

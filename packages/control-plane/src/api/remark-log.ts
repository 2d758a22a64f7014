import { type Remark, remarkKey, remarksOf } from '@heddle/mesh';
import type { Logger } from '../log.ts';
import type { State } from '../loop.ts';

/** Writes each remark down when it begins to hold, and again only after it has not held for a while. */
export class RemarkLog {
  readonly #log: Pick<Logger, 'info'>;
  #known: ReadonlySet<string> = new Set();
  #current: readonly Remark[] = [];

  constructor(log: Pick<Logger, 'info'>) {
    this.#log = log;
  }

  /** What was noted last. */
  get current(): readonly Remark[] {
    return this.#current;
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
    this.#current = remarks;
  }
}

/** What there is to remark on in a state of the mesh. */
export function remarksOn({ model, findings, held }: State): Remark[] {
  const profiles = [...held.values()].flatMap(({ serviceProfiles: own }) => [...own.values()]);
  const serviceProfiles = profiles.map(({ ref }) => ref);
  return remarksOf({ model, findings: findings(), serviceProfiles });
}

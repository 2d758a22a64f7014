import { formatPath, refOf } from '@heddle/smi';
import type { Reason } from '../findings/catalogue.ts';
import { compareFindings, type Finding, findingAt } from '../findings/finding.ts';
import type { Origin } from '../model/origin.ts';

/** How a target falls short of a part of the model (the `SMI5xxx` findings). */
export type Shortfall = Extract<Reason, 'Unsupported' | 'Approximated' | 'DependsOnTarget' | 'RequestsNotChecked'>;

/** Gathers what a target can't say as the model has it: each field once, however many ports and pods it concerns. */
export class Shortfalls {
  readonly #findings = new Map<string, Finding>();

  /** Says something about the field that an origin names; `message` is a sentence. */
  say(reason: Shortfall, origin: Origin, message: string): void {
    // What holds by default was written by nobody, so there is nobody to tell.
    if ('default' in origin) return;
    const { source, path } = origin;
    const { kind, namespace, name } = refOf(source.object);
    const key = [kind, namespace, name, formatPath(path), reason, message].join('\n');
    if (!this.#findings.has(key)) this.#findings.set(key, findingAt(reason, source, path, message));
  }

  /** In order of place. */
  list(): Finding[] {
    return [...this.#findings.values()].toSorted(compareFindings);
  }
}

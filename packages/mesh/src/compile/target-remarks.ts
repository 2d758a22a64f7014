import type { FieldPath, SourceObject } from '@heddle/smi';
import type { Reason } from '../findings/catalogue.ts';
import { type Finding, findingAt } from '../findings/finding.ts';
import { originOf } from '../model/origin.ts';
import type { Gap } from '../model/workload.ts';

/** What is said of a target while its references are followed. */
export class TargetRemarks {
  readonly gaps: Gap[] = [];
  readonly findings: Finding[] = [];
  readonly #source: SourceObject;

  constructor(source: SourceObject) {
    this.#source = source;
  }

  /** Something opens nothing: `why` is a clause. */
  gap(path: FieldPath, why: string): void {
    this.gaps.push({ origin: originOf(this.#source, path), why });
  }

  /** The same, and what to do about it: a sentence. */
  miss(reason: Reason, path: FieldPath, why: string, hint: string): void {
    this.gap(path, why);
    this.say(reason, path, `${why.charAt(0).toUpperCase()}${why.slice(1)}${hint}`);
  }

  /** Something that what opens nothing tells by itself: a sentence. */
  say(reason: Reason, path: FieldPath, sentence: string): void {
    this.findings.push(findingAt(reason, this.#source, path, sentence));
  }
}

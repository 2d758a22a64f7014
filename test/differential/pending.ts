import type { Call } from '@heddle/mesh';

/** Something that `decide` and a real sidecar are known not to agree on yet. */
interface Pending {
  /** What is to be mended before calls of this kind are tried again. */
  readonly why: string;
  readonly concerns: (call: Call) => boolean;
}

/** Calls that are not made until what is said of them is mended: each entry is to go. */
export const pending: readonly Pending[] = [];

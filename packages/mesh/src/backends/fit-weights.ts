import { apportion } from '../model/apportion.ts';

/** What a target takes of weights. */
export interface WeightLimits {
  /** The largest single weight. */
  readonly each: number;
  /** The largest sum; absent: any. */
  readonly sum?: number;
}

/**
 * Makes weights small enough for a target; those that are stay as they are. Otherwise each share stays within one part in
 * the new sum for every backend, none is negative, zero stays zero and nothing else becomes zero. Weights are whole and
 * not negative; the limits are far above the number of backends.
 */
export function fitWeights(
  weights: readonly number[],
  { each, sum = Number.MAX_SAFE_INTEGER }: WeightLimits,
): number[] {
  const largest = Math.max(0, ...weights);
  const total = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  if (largest <= each && total <= BigInt(sum)) return [...weights];
  const byLargest = Number((total * BigInt(each)) / BigInt(largest));
  // One part a backend is kept back, so that those which are raised to 1 fit in.
  return apportion(weights, Math.min(byLargest, sum) - weights.length);
}

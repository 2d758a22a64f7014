import { apportion } from '../model/apportion.ts';

/** The largest sum of weights that a proxy takes. */
export const maxWeightSum = 4_294_967_295;

/**
 * Reduces weights by their greatest common divisor; where their sum is still too large, scales them by largest remainder,
 * keeping at least 1 of what is not zero (S1). Weights are whole and not negative.
 */
export function reduceWeights(weights: readonly number[]): { weights: readonly number[]; scaled: boolean } {
  const divisor = weights.reduce(greatestCommonDivisor, 0);
  if (divisor === 0) return { weights, scaled: false };
  const reduced = weights.map(weight => weight / divisor);
  const sum = reduced.reduce((total, weight) => total + BigInt(weight), 0n);
  if (sum <= BigInt(maxWeightSum)) return { weights: reduced, scaled: false };
  return { weights: apportion(reduced, maxWeightSum - weights.length), scaled: true };
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

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
  return { weights: scale(reduced, sum), scaled: true };
}

function scale(weights: readonly number[], sum: bigint): number[] {
  const room = BigInt(maxWeightSum - weights.length);
  const parts = weights.map((weight, index) => {
    const product = BigInt(weight) * room;
    return { index, floor: product / sum, remainder: product % sum };
  });
  let rest = room - parts.reduce((total, part) => total + part.floor, 0n);
  const scaled = weights.map(() => 0);
  for (const part of parts.toSorted(
    (a, b) => Number(b.remainder > a.remainder) - Number(b.remainder < a.remainder) || a.index - b.index,
  )) {
    const extra = rest > 0n ? 1n : 0n;
    rest -= extra;
    const value = Number(part.floor + extra);
    scaled[part.index] = weights[part.index] === 0 ? 0 : Math.max(1, value);
  }
  return scaled;
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

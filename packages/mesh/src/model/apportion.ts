/**
 * Shares a total out by weights, with the largest remainders rounded up: each part is within one of its exact share, a
 * weight of zero gets zero, and what is not zero gets at least 1, which may take the sum above the total by one for each
 * such weight. Weights are whole and not negative, not all of them zero; the total is whole.
 */
export function apportion(weights: readonly number[], total: number): number[] {
  const sum = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  const parts = weights.map((weight, index) => {
    const product = BigInt(weight) * BigInt(total);
    return { index, floor: product / sum, remainder: product % sum };
  });
  let rest = BigInt(total) - parts.reduce((all, part) => all + part.floor, 0n);
  const shares = weights.map(() => 0);
  for (const part of parts.toSorted(
    (a, b) => Number(b.remainder > a.remainder) - Number(b.remainder < a.remainder) || a.index - b.index,
  )) {
    const extra = rest > 0n ? 1n : 0n;
    rest -= extra;
    const value = Number(part.floor + extra);
    shares[part.index] = weights[part.index] === 0 ? 0 : Math.max(1, value);
  }
  return shares;
}

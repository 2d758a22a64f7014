import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { maxWeightSum, reduceWeights } from './weights.ts';

test('weights are divided by their greatest common divisor (S1)', () => {
  assert.deepEqual(reduceWeights([90, 10]), { weights: [9, 1], scaled: false });
  assert.deepEqual(reduceWeights([500, 0, 500]), { weights: [1, 0, 1], scaled: false });
  assert.deepEqual(reduceWeights([7]), { weights: [1], scaled: false });
  assert.deepEqual(reduceWeights([0, 0]), { weights: [0, 0], scaled: false });
  assert.deepEqual(reduceWeights([]), { weights: [], scaled: false });
});

test('a sum that is just small enough is kept, one above is scaled (S1)', () => {
  assert.deepEqual(reduceWeights([maxWeightSum - 1, 1]), { weights: [maxWeightSum - 1, 1], scaled: false });
  assert.equal(reduceWeights([maxWeightSum, 1]).scaled, true);
});

const weight = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, maxWeightSum, maxWeightSum + 1, Number.MAX_SAFE_INTEGER),
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
);

test('shares stay within one part of the sum per backend: none is lost by rounding, zero stays zero (S1)', () => {
  fc.assert(
    fc.property(fc.array(weight, { minLength: 1, maxLength: 12 }), written => {
      const { weights } = reduceWeights(written);
      const before = written.reduce((total, one) => total + BigInt(one), 0n);
      const after = weights.reduce((total, one) => total + one, 0);
      assert.equal(weights.length, written.length);
      if (before === 0n) return;
      assert.ok(after >= 1 && after <= maxWeightSum, `a sum of ${after}`);
      for (const [index, one] of weights.entries()) {
        assert.ok(Number.isInteger(one) && one >= 0);
        assert.equal(one === 0, written[index] === 0);
        const share = Number((BigInt(written[index] ?? 0) * 10n ** 18n) / before) / 1e18;
        assert.ok(Math.abs(one / after - share) <= written.length / after + 1e-15, `${one / after} is not ${share}`);
      }
    }),
  );
});

test('a scaled weight is within one part of its exact value, and what is not zero keeps one (S1)', () => {
  const large = fc.array(weight, { minLength: 2, maxLength: 12 }).filter(written => reduceWeights(written).scaled);
  fc.assert(
    fc.property(large, written => {
      const { weights } = reduceWeights(written);
      const before = written.reduce((total, one) => total + BigInt(one), 0n);
      // One part per backend is kept back, so that those which are raised to 1 fit in.
      const sum = BigInt(maxWeightSum - written.length);
      for (const [index, one] of weights.entries()) {
        const exact = Number((BigInt(written[index] ?? 0) * sum * 1000n) / before) / 1000;
        assert.ok(Math.abs(one - exact) <= 1, `${one} is not ${exact}`);
      }
    }),
  );
});

test('reduced weights are their own reduction', () => {
  fc.assert(
    fc.property(fc.array(weight, { maxLength: 6 }), written => {
      const { weights } = reduceWeights(written);
      const again = reduceWeights(weights);
      assert.equal(again.scaled, false);
      const [first = 1] = weights.filter(one => one > 0);
      const [reduced = 1] = again.weights.filter(one => one > 0);
      for (const [index, one] of weights.entries()) assert.equal(one * reduced, (again.weights[index] ?? 0) * first);
    }),
  );
});

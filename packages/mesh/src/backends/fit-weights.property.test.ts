import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { fitWeights } from './fit-weights.ts';

test('weights that fit stay as they are', () => {
  assert.deepEqual(fitWeights([9, 1, 0], { each: 1_000_000 }), [9, 1, 0]);
  assert.deepEqual(fitWeights([0, 0], { each: 1_000_000 }), [0, 0]);
  assert.deepEqual(fitWeights([], { each: 1_000_000 }), []);
});

test('a large weight beside a small one leaves the small one its part', () => {
  assert.deepEqual(fitWeights([4_000_000_000, 1], { each: 1_000_000 }), [999_998, 1]);
});

const weight = fc.oneof(fc.constantFrom(0, 1, 2, 3, 999_999, 1_000_000, 1_000_001), fc.nat({ max: 4_294_967_295 }));
const limits = fc.constantFrom(
  { each: 1_000_000 },
  { each: 2_147_483_647, sum: 2_147_483_647 },
  { each: 100_000, sum: 100_000 },
);

test('shares stay within one part in the sum per backend, none is negative, zero stays zero (S1)', () => {
  fc.assert(
    fc.property(fc.array(weight, { minLength: 1, maxLength: 16 }), limits, (written, limit) => {
      const fitted = fitWeights(written, limit);
      const before = written.reduce((all, one) => all + one, 0);
      const after = fitted.reduce((all, one) => all + one, 0);
      assert.equal(fitted.length, written.length);
      assert.ok(after <= (limit.sum ?? Number.MAX_SAFE_INTEGER), `a sum of ${after}`);
      for (const [index, one] of fitted.entries()) {
        assert.ok(Number.isInteger(one) && one >= 0 && one <= limit.each, `a weight of ${one}`);
        assert.equal(one === 0, written[index] === 0);
        if (before === 0) continue;
        const share = (written[index] ?? 0) / before;
        assert.ok(Math.abs(one / after - share) <= written.length / after + 1e-12, `${one / after} is not ${share}`);
      }
    }),
  );
});

test('where no backend is too small to be shown, each share is within one part in the sum (S1)', () => {
  const even = fc.array(fc.integer({ min: 1_000_000, max: 4_000_000 }), { minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(even, written => {
      const fitted = fitWeights(written, { each: 1_000_000 });
      const before = written.reduce((all, one) => all + one, 0);
      const after = fitted.reduce((all, one) => all + one, 0);
      for (const [index, one] of fitted.entries()) {
        assert.ok(Math.abs(one / after - (written[index] ?? 0) / before) <= 1 / after + 1e-12);
      }
    }),
  );
});

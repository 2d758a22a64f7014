// Random policies on real pods with real sidecars: what `decide` says of a call is what becomes of it, every time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDifference, describeTally } from '../differential/describe.ts';
import { startWorld } from '../differential/live-world.ts';
import { soak } from '../differential/soak.ts';
import { fixedWorld } from '../worlds/world.ts';
import { testEnvoy } from './local-harness.ts';

const envoy = await testEnvoy();

test('decide and real sidecars agree on verdict, status, backend and shares', {
  skip: envoy === undefined,
}, async t => {
  const mesh = await startWorld(fixedWorld, envoy ?? '');
  try {
    // Always the same here; `npm run soak:policy` draws others.
    const seed = 20_260_401;
    const tally = await soak(mesh, fixedWorld, { seed, sets: 50, calls: 20, sharesEvery: 10, enough: 1 });
    t.diagnostic(`seed ${seed}: ${describeTally(tally)}`);
    assert.equal([...tally.differences, ...tally.passing].map(describeDifference).join('\n\n'), '');
    assert.ok(tally.sets === 50 && tally.calls >= 1000, describeTally(tally));
  } finally {
    await mesh.end();
  }
});

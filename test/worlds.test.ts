// Random worlds, policies and calls: `decide` and a walk over the rendered configuration always agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Call, DependsOnPod, decide } from '@heddle/mesh';
import * as fc from 'fast-check';
import { type Outcome, outcomeOf } from '../packages/control-plane/src/traffic/compare.ts';
import { normalizePath } from '../packages/mesh/src/explain/normalize-path.ts';
import { dependsOnPod } from './scenarios/walk/ending.ts';
import { envoyPath } from './scenarios/walk/url-path.ts';
import { walk } from './scenarios/walk/walk.ts';
import { callOver, oddPath } from './worlds/call.ts';
import { type MadeMesh, meshOf } from './worlds/mesh-of.ts';
import { policyOver } from './worlds/policy.ts';
import { fixedWorld, headlessWorld, objectsOf } from './worlds/world.ts';

for (const [what, world] of Object.entries({ 'six workloads': fixedWorld, 'headless Services': headlessWorld })) {
  test(`decide and the rendered configuration agree on verdict, status and shares: ${what}`, () => {
    fc.assert(
      fc.property(policyOver(world), fc.noShrink(fc.nat()), (policy, seed) => {
        const mesh = meshOf([...objectsOf(world), ...policy]);
        for (const call of fc.sample(callOver(world, policy), { seed, numRuns: 40 })) {
          assert.deepEqual(decided(mesh, call), walked(mesh, call), JSON.stringify(call));
        }
      }),
      { numRuns: 75 },
    );
  });
}

test('a path is the same to decide and to the walk, which normalise it each in its own way (H5)', () => {
  const options = { normalizePath: true, mergeSlashes: true, rejectEscapedSlashes: true };
  fc.assert(
    fc.property(oddPath, path => {
      const normalized = normalizePath(path);
      assert.equal(
        'malformed' in normalized ? undefined : normalized.path + normalized.query,
        envoyPath(path, options),
      );
    }),
    { numRuns: 3000 },
  );
});

function decided(mesh: MadeMesh, call: Call): unknown {
  try {
    return view(outcomeOf(decide(mesh.model, call)));
  } catch (error) {
    if (error instanceof DependsOnPod) return 'depends on the pod';
    throw error;
  }
}

function walked(mesh: MadeMesh, call: Call): unknown {
  const outcome = walk(mesh, call);
  return outcome === dependsOnPod ? 'depends on the pod' : view(outcome);
}

/** Shares of zero, and those of a sidecar that refuses by itself, are no part of what is compared. */
function view({ verdict, status, route, wouldDeny = false, shares }: Outcome): unknown {
  const kept = [...shares].filter(([, share]) => share > 0).map(([name, share]) => `${name} ${share.toFixed(9)}`);
  const taken = verdict === 'allow' ? route : null;
  return { verdict, status, route: taken, wouldDeny, shares: verdict === 'allow' ? kept.toSorted() : [] };
}

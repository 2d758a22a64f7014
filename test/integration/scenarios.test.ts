// Every scenario once more, on a real mesh: its pods as processes in network namespaces, each with a real Envoy that a real
// control plane programs. What calls see there is held against the same expectations as `decide` and the walk.
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { loadScenarios } from '../scenarios/load-scenarios.ts';
import { checkReal } from '../scenarios/real/check-real.ts';
import { staleExceptions } from '../scenarios/real/exceptions.ts';
import { testEnvoy } from './local-harness.ts';

const envoy = await testEnvoy();
const scenarios = loadScenarios();

describe('scenarios on real meshes', { skip: envoy === undefined, concurrency: availableParallelism() }, () => {
  for (const scenario of scenarios) {
    test(scenario.name, async context => {
      const { problems, notMade } = await checkReal(scenario, { envoy: envoy ?? '', signal: context.signal });
      for (const why of notMade) context.diagnostic(`not made for real: ${why}`);
      assert.deepEqual(problems, []);
      if (notMade.length === scenario.calls.length) context.skip('no call can be made for real');
    });
  }
});

test('what is not made for real is in the scenarios', () => assert.deepEqual(staleExceptions(scenarios), []));

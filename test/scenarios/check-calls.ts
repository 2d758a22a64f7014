import { type Call, DependsOnPod, decide } from '@heddle/mesh';
import {
  describeExpectation,
  describeOutcome,
  differences,
  type Outcome,
  outcomeOf,
} from '../../packages/control-plane/src/traffic/compare.ts';
import type { MadeMesh } from '../worlds/mesh-of.ts';
import type { Scenario } from './scenario.ts';
import { dependsOnPod } from './walk/ending.ts';
import { walk } from './walk/walk.ts';

/** Asks every call of a scenario of `decide` and of the rendered configuration; says what is not as expected. */
export function checkCalls({ mesh, calls }: Scenario): string[] {
  return calls.flatMap(({ name, call, expect }) => {
    const answers: readonly (readonly [by: string, outcome: Outcome | undefined])[] = [
      ['decide', decided(mesh, call)],
      ['the Envoy configuration', walked(mesh, call)],
    ];
    return answers.flatMap(([by, outcome]) => {
      if (outcome === undefined) return [`${name}: ${by} says that it depends on the pod`];
      if (differences(expect, outcome).length === 0) return [];
      return [`${name}: expected ${describeExpectation(expect)}; ${by} says ${describeOutcome(outcome, expect)}`];
    });
  });
}

function decided(mesh: MadeMesh, call: Call): Outcome | undefined {
  try {
    return outcomeOf(decide(mesh.model, call));
  } catch (error) {
    if (error instanceof DependsOnPod) return undefined;
    throw error;
  }
}

function walked(mesh: MadeMesh, call: Call): Outcome | undefined {
  const outcome = walk(mesh, call);
  return outcome === dependsOnPod ? undefined : outcome;
}

import type { TrafficCall } from '../../../packages/control-plane/src/traffic/traffic.ts';
import type { Scenario } from '../scenario.ts';

/** A call that is not made for real. */
export interface Exception {
  readonly scenario: string;
  /** Name of the call; absent: all of the scenario's. */
  readonly call?: string;
  /** What the local mesh lacks. */
  readonly why: string;
}

/** Everything in the scenarios that is checked two ways only. */
export const exceptions: readonly Exception[] = [];

/** Why a call is not made for real; undefined for one that is. */
export function exceptionFor(scenario: Scenario, { name }: TrafficCall): Exception | undefined {
  return exceptions.find(({ scenario: its, call }) => its === scenario.name && (call === undefined || call === name));
}

/** Exceptions that are about nothing, by how they name it. */
export function staleExceptions(scenarios: readonly Scenario[]): string[] {
  return exceptions
    .filter(
      exception => !scenarios.some(scenario => scenario.calls.some(call => exceptionFor(scenario, call) === exception)),
    )
    .map(({ scenario, call }) => (call === undefined ? scenario : `${scenario}: ${call}`));
}

import { podsOf } from '../../../packages/control-plane/src/cli/files/check-mesh.ts';
import type { LocalMesh } from '../../../packages/control-plane/src/local/host/local-mesh.ts';
import {
  describeExpectation,
  describeOutcome,
  differences,
} from '../../../packages/control-plane/src/traffic/compare.ts';
import { runTraffic } from '../../../packages/control-plane/src/traffic/run.ts';
import type { SeenCall } from '../../../packages/control-plane/src/traffic/seen.ts';
import type { TrafficCall } from '../../../packages/control-plane/src/traffic/traffic.ts';
import type { Scenario } from '../scenario.ts';
import { type ClusterCounts, clusterCounts, sharesBetween } from './cluster-counts.ts';
import { exceptionFor } from './exceptions.ts';
import { type RealMeshOptions, withRealMesh } from './real-mesh.ts';
import { type RouteCounts, routeBetween, routeCounts } from './route-counts.ts';
import { wouldBeDenied } from './would-be-denied.ts';

/** What came of a scenario on a real mesh. */
export interface RealCheck {
  /** Every call that did not end as expected. */
  readonly problems: readonly string[];
  /** Every call that was not made, with the reason. */
  readonly notMade: readonly string[];
}

/**
 * Makes the calls of a scenario from inside real pods with real sidecars, and compares what they see with what is expected.
 * Rejects where the mesh can't be brought up.
 */
export async function checkReal(scenario: Scenario, options: RealMeshOptions): Promise<RealCheck> {
  const calls = scenario.calls.filter(call => exceptionFor(scenario, call) === undefined);
  const make = async (mesh: LocalMesh) => await makeCalls(calls, { scenario, mesh }, options.signal);
  const seen = calls.length === 0 ? [] : await withRealMesh(scenario, options, make);
  return {
    problems: seen.flatMap(problemOf),
    notMade: scenario.calls.flatMap(call => {
      const exception = exceptionFor(scenario, call);
      return exception === undefined ? [] : [`${call.name}: ${exception.why}`];
    }),
  };
}

function problemOf({ call, outcome, differences: found }: SeenCall): string[] {
  if (found.length === 0) return [];
  const { name, expect } = call;
  const says = `expected ${describeExpectation(expect)}; a real Envoy says ${describeOutcome(outcome, expect)}`;
  return [`${name}: ${says} (${found.join('; ')})`];
}

/** Milliseconds for one exchange: no answer of a mesh takes that long, however busy the machine is. */
const timeout = 30_000;

/** Calls of which sidecars count something are made one after the other, so that what they count is theirs. */
async function makeCalls(
  calls: readonly TrafficCall[],
  { scenario, mesh }: { readonly scenario: Scenario; readonly mesh: LocalMesh },
  signal: AbortSignal,
): Promise<SeenCall[]> {
  const { model } = scenario.mesh;
  const options = { exec: await podsOf(mesh, model), node: process.execPath, model, timeout };
  const plain = calls.filter(call => !isCounted(call));
  const seen = [...(await runTraffic(plain, options, signal))];
  for (const call of calls.filter(isCounted)) {
    const before = await countsOf(mesh, signal);
    const { shares, wouldDeny, route } = call.expect;
    const [made] = await runTraffic([shares === undefined ? call : { ...call, times: timesOf(call) }], options, signal);
    if (made === undefined) continue;
    const after = await countsOf(mesh, signal);
    let counted = made;
    if (wouldDeny !== undefined && shares === undefined) counted = withAudited(counted, after.denied - before.denied);
    if (shares !== undefined) counted = withCounted(counted, sharesBetween(before.clusters, after.clusters));
    if (route !== undefined) counted = withRoute(counted, routeBetween(before.routes, after.routes));
    seen.push(counted);
  }
  return seen;
}

function isCounted({ expect: { shares, wouldDeny, route } }: TrafficCall): boolean {
  return shares !== undefined || wouldDeny !== undefined || route !== undefined;
}

/** What sidecars have counted so far. */
interface Counts {
  readonly denied: number;
  readonly clusters: ClusterCounts;
  readonly routes: RouteCounts;
}

async function countsOf(mesh: LocalMesh, signal: AbortSignal): Promise<Counts> {
  return {
    denied: await wouldBeDenied(mesh, signal),
    clusters: await clusterCounts(mesh, signal),
    routes: await routeCounts(mesh, signal),
  };
}

/** The route that the caller's sidecar has counted. */
function withRoute(seen: SeenCall, route: string | null): SeenCall {
  const outcome = { ...seen.outcome, route };
  const { route: expected } = seen.call.expect;
  const found = differences({ verdict: outcome.verdict, ...(expected !== undefined && { route: expected }) }, outcome);
  return { ...seen, outcome, differences: [...seen.differences, ...found] };
}

/** Enough to tell: a share of all or nothing shows within a few calls, others need more. */
function timesOf({ times, expect }: TrafficCall): number {
  const isExact = [...(expect.shares?.values() ?? [])].every(share => share === 0 || share === 1);
  return Math.max(times, isExact ? 200 : 1000);
}

/** Each exchange that policy would deny counts once, and no other does. */
function withAudited(seen: SeenCall, counted: number): SeenCall {
  const { call } = seen;
  const outcome = { ...seen.outcome, wouldDeny: counted > 0 };
  const found = differences({ verdict: outcome.verdict, wouldDeny: call.expect.wouldDeny === true }, outcome);
  if (counted > 0 && counted !== call.times) found.push(`${counted} of ${call.times} counted as would-be denials`);
  return { ...seen, outcome, differences: [...seen.differences, ...found] };
}

/** How far a counted share may be from what is expected, in standard deviations of so many calls. */
const sigmas = 5;

function withCounted(seen: SeenCall, shares: ReadonlyMap<string, number>): SeenCall {
  const { call } = seen;
  const outcome = { ...seen.outcome, shares };
  const found = [...(call.expect.shares ?? [])].flatMap(([service, share]) => {
    const tolerance = sigmas * Math.sqrt((share * (1 - share)) / call.times);
    const expected = { verdict: outcome.verdict, shares: new Map([[service, share]]) };
    return differences(expected, outcome, tolerance).map(text => `its sidecar counts ${text}`);
  });
  return { ...seen, outcome, differences: [...seen.differences, ...found] };
}

/** What calls saw on the wire, in the words in which their expectations are written. Pure. */
import { type MeshModel, serviceOf } from '@heddle/mesh';
import { differences, type Outcome } from './compare.ts';
import type { CallReport, ExchangeCount } from './order.ts';
import { timesToMeetRefusal } from './shared-refusal.ts';
import type { TrafficCall, TrafficVerdict } from './traffic.ts';

/** What became of one call, all of its repetitions taken together. */
export interface SeenCall {
  readonly call: TrafficCall;
  /** Where repetitions ended differently: the one that was not expected, else the most frequent one. */
  readonly outcome: Outcome;
  readonly exchanges: readonly ExchangeCount[];
  /** What is not as expected, each as `expected …, not …`; empty when all is. */
  readonly differences: readonly string[];
}

/** How far a share may be from what is expected, in standard deviations of so many calls. */
const sigmas = 5;

/**
 * Judges a report. What gets an answer of the application is allowed, whatever its status. The mesh's own 503 (502, 504)
 * makes it unreachable, its other answers deny. A connection that is closed or reset without a byte is a denial, and since it
 * does not say why, is taken for unreachable where that is expected. Where one backend of several refuses, as it is expected to,
 * calls that others got don't count.
 *
 * Shares are those of all calls. They may be off by five standard deviations of a sample of that size (not at all for 0
 * and 1). Responders are named after Services, or after workloads behind one (the model tells which).
 */
export function judge(call: TrafficCall, report: CallReport, model?: MeshModel): SeenCall {
  const { exchanges } = report;
  const total = exchanges.reduce((sum, { count }) => sum + count, 0);
  const shares = sharesOf(call, exchanges, model);
  const outcomes = withoutSpared(
    call,
    exchanges.map(exchange => ({ exchange, outcome: { ...endOf(call, exchange), route: null, shares } })),
    model,
  );
  // The name of a route is not on the wire: `decide` and the sidecar of the caller know it.
  const { shares: expectedShares, route: _, ...expected } = call.expect;
  const found: string[] = [];
  const unexpected = new Set<Outcome>();
  for (const { exchange, outcome } of outcomes) {
    const wrong = differences(expected, outcome);
    if (wrong.length > 0) unexpected.add(outcome);
    const often = exchange.count === total ? '' : ` (${exchange.count} of ${total} calls)`;
    const why = exchange.detail === null ? '' : `: ${exchange.detail}`;
    found.push(...wrong.map((text, index) => `${text}${index === 0 ? why : ''}${often}`));
  }
  if (total < call.times) found.push(`${call.times} calls, not ${total}: the others were not tried`);
  const [most] = outcomes.toSorted((a, b) => b.exchange.count - a.exchange.count);
  const outcome = [...unexpected][0] ?? most?.outcome ?? { ...nothing, shares };
  if (expectedShares !== undefined && expected.verdict === 'allow') {
    if (shares.size === 0)
      found.push('no answer says which Service gave it: it needs the header x-served-by, or identity in JSON');
    else for (const share of expectedShares) found.push(...shareDifferences(share, outcome, total));
  }
  return { call, outcome, exchanges, differences: [...new Set(found)] };
}

interface SeenOutcome {
  readonly exchange: ExchangeCount;
  readonly outcome: Outcome;
}

/** Leaves out what got through where a refusal is expected of one backend of several, and was seen (S13). */
function withoutSpared(
  { call, expect }: TrafficCall,
  outcomes: readonly SeenOutcome[],
  model: MeshModel | undefined,
): readonly SeenOutcome[] {
  const refused = outcomes.filter(({ outcome }) => outcome.verdict !== 'allow');
  const isShared = model !== undefined && timesToMeetRefusal(call, expect, model) !== undefined;
  return isShared && refused.length > 0 ? refused : outcomes;
}

/** A call that could not be made, and why. */
export function notMade(call: TrafficCall, why: string): SeenCall {
  const outcome = { ...nothing, shares: new Map<string, number>() };
  return { call, outcome, exchanges: [], differences: [`the call was not made: ${why}`] };
}

const nothing = { verdict: 'unreachable', status: null, route: null } as const;

function endOf(
  call: TrafficCall,
  { end, byMesh, status }: ExchangeCount,
): { verdict: TrafficVerdict; status: number | null } {
  if (end === 'timeout' || end === 'unreachable') return { verdict: 'unreachable', status };
  const isClosed = end !== 'answered' || (byMesh && status === null);
  if (isClosed) return { verdict: call.expect.verdict === 'unreachable' ? 'unreachable' : 'deny', status: null };
  if (!byMesh) return { verdict: 'allow', status };
  return { verdict: status !== null && status > 500 ? 'unreachable' : 'deny', status };
}

function shareDifferences(expected: readonly [string, number], seen: Outcome, total: number): string[] {
  const [, share] = expected;
  const tolerance = sigmas * Math.sqrt((share * (1 - share)) / Math.max(total, 1));
  return differences({ verdict: seen.verdict, shares: new Map([expected]) }, seen, tolerance);
}

function sharesOf(
  call: TrafficCall,
  exchanges: readonly ExchangeCount[],
  model: MeshModel | undefined,
): ReadonlyMap<string, number> {
  const total = exchanges.reduce((sum, { count }) => sum + count, 0);
  const counts = new Map<string, number>();
  for (const { responder, count } of exchanges) {
    if (responder === null) continue;
    const service = serviceNamed(responder, call, model);
    counts.set(service, (counts.get(service) ?? 0) + count);
  }
  return new Map([...counts].map(([service, count]) => [service, count / total]));
}

/** The key of the Service that a responder stands for: one that is expected, else the one of its name, else one before it. */
function serviceNamed(responder: string, { call, expect }: TrafficCall, model: MeshModel | undefined): string {
  const own = `${call.to.namespace}/${responder}`;
  const services = [...(model?.namespaces.get(call.to.namespace)?.services.values() ?? [])];
  const before = services
    .filter(({ ports }) => ports.some(({ endpoints }) => endpoints.some(({ workload }) => workload === own)))
    .map(({ key }) => key);
  const isKnown = model === undefined || serviceOf(model, own) !== undefined;
  const candidates = [own, ...before];
  return candidates.find(key => expect.shares?.has(key) === true) ?? (isKnown ? own : (before[0] ?? own));
}

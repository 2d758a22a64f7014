import type { Verdict } from '@heddle/mesh';
import type { Expectation, TrafficVerdict } from './traffic.ts';

/** What a call saw, asked of the model or of the wire. */
export interface Outcome {
  readonly verdict: TrafficVerdict;
  /** Null for TCP, and where no answer came. */
  readonly status: number | null;
  /** Whether the destination counts it as one that policy would deny; absent where nobody can tell. */
  readonly wouldDeny?: boolean;
  readonly route: string | null;
  /** Share of the calls, 0 to 1, by `namespace/name` of the Service that answered. */
  readonly shares: ReadonlyMap<string, number>;
}

/** What the model says that a call will see. */
export function outcomeOf(verdict: Verdict): Outcome {
  return {
    verdict: verdictOf(verdict),
    status: verdict.status,
    wouldDeny: verdict.wouldDeny,
    route: verdict.route,
    shares: new Map(verdict.backends.map(({ namespace, service, share }) => [`${namespace}/${service}`, share])),
  };
}

function verdictOf({ allowed, reason }: Verdict): TrafficVerdict {
  if (allowed) return 'allow';
  return reason === 'ServiceNotFound' || reason === 'NoBackends' || reason === 'NoEndpoints' ? 'unreachable' : 'deny';
}

/** How far a share may be from what is expected, for floating point arithmetic alone. */
export const exactShares = 1e-6;

/**
 * What of an outcome is not as expected, each as `expected … not …`; empty when all is. Only what is expected is judged.
 * `tolerance` is how far a share may be off: `exactShares` for the model, more for a sample of real calls.
 */
export function differences(expected: Expectation, seen: Outcome, tolerance: number = exactShares): string[] {
  const found: string[] = [];
  if (expected.verdict !== seen.verdict) found.push(`verdict ${expected.verdict}, not ${seen.verdict}`);
  if (expected.status !== undefined && expected.status !== seen.status) {
    found.push(`status ${expected.status}, not ${seen.status ?? 'none'}`);
  }
  if (expected.wouldDeny !== undefined && seen.wouldDeny !== undefined && expected.wouldDeny !== seen.wouldDeny) {
    found.push(expected.wouldDeny ? 'that policy would deny it, which it would not' : 'no denial, which policy would');
  }
  if (expected.route !== undefined && expected.route !== seen.route) {
    found.push(`route ${expected.route}, not ${seen.route ?? 'none'}`);
  }
  for (const [service, share] of expected.shares ?? []) {
    const actual = seen.shares.get(service) ?? 0;
    if (Math.abs(actual - share) > tolerance) found.push(`${service} ${share}, not ${round(actual)}`);
  }
  return found;
}

/** What is expected in a few words, as `allow 200, bookstore-v1 0.9`. */
export function describeExpectation({ verdict, status, wouldDeny, route, shares }: Expectation): string {
  const told = { verdict, status: status ?? null, route: route ?? null, shares: shares ?? new Map() };
  return describe(wouldDeny === undefined ? told : { ...told, wouldDeny });
}

/** What was seen, in as many words as were expected. */
export function describeOutcome(seen: Outcome, expected: Expectation): string {
  const shares = [...(expected.shares?.keys() ?? [])].map(name => [name, seen.shares.get(name) ?? 0] as const);
  const route = expected.route === undefined ? null : (seen.route ?? 'no route');
  const told = { verdict: seen.verdict, status: seen.status, route, shares: new Map(shares) };
  const { wouldDeny } = seen;
  return describe(expected.wouldDeny === undefined || wouldDeny === undefined ? told : { ...told, wouldDeny });
}

function describe({ verdict, status, wouldDeny, route, shares }: Outcome): string {
  const outcome = status === null ? verdict : `${verdict} ${status}`;
  const listed = [...shares].map(([service, share]) => `${service.slice(service.indexOf('/') + 1)} ${round(share)}`);
  const audited = wouldDeny === undefined ? [] : [wouldDeny ? 'would be denied' : 'would not be denied'];
  return [outcome, ...audited, ...(route === null ? [] : [`route ${route}`]), ...listed].join(', ');
}

function round(share: number): number {
  return Number(share.toFixed(4));
}

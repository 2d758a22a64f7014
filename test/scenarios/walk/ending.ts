import type { Outcome } from '../../../packages/control-plane/src/traffic/compare.ts';
import type { HttpRequest } from './request.ts';

/** Bytes of a kind: a request, or a connection that says nothing. */
export type Payload = HttpRequest | undefined;

/** How one share of the calls ends. Status is null for bytes. */
export interface Ending {
  readonly verdict: Outcome['verdict'];
  readonly status: number | null;
  /** Whether the destination's sidecar counts it as one that policy would deny. */
  readonly wouldDeny: boolean;
}

/** The answer where pods that serve the same share answer differently, so that none is the answer. */
export const dependsOnPod = Symbol('depends on pod');

/** What an answer says. */
export function answered(status: number | null, wouldDeny = false): Ending {
  const verdict = status === null || status === 200 ? 'allow' : status === 503 ? 'unreachable' : 'deny';
  return { verdict, status, wouldDeny };
}

/** A sidecar's own answer, or none. */
export function ended(status: number | null): Ending {
  return status === null ? refused : answered(status);
}

/** Closed by a sidecar, without an answer. */
export const refused: Ending = { verdict: 'deny', status: null, wouldDeny: false };

/** Nobody is there. */
export function unreachable(payload: Payload): Ending {
  return { verdict: 'unreachable', status: payload === undefined ? null : 503, wouldDeny: false };
}

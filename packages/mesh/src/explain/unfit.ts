import { type Journey, refuse } from './journey.ts';
import type { Unfit } from './request-headers.ts';
import type { Verdict } from './verdict.ts';

/** The end of a request that is malformed, or asks for what nobody passes on (T12, H3). */
export function refuseUnfit(journey: Journey, { status, unfit }: Unfit): Verdict {
  const reason = status === 403 ? 'UpgradeRefused' : 'MalformedRequest';
  const message = `The request is refused: ${unfit}.`;
  return refuse(journey, { status, reason, decidedBy: { default: 'WellFormedRequests' }, message });
}

import { grantMismatch, type RequestFacts } from '../model/http-route-match.ts';
import type { ResourceOrigin } from '../model/origin.ts';
import type { InboundPort, Workload } from '../model/workload.ts';

/** What the destination's sidecar says to one caller. */
export type InboundVerdict = Admission | Denial;

/** The caller is let in. */
export interface Admission {
  readonly kind: 'allowed';
  readonly origin: ResourceOrigin | { readonly default: 'PolicyAudit' | 'PolicyAllowAll' };
  readonly message: string;
  /** Whether that is for the mode alone: TrafficTargets would deny it. */
  readonly wouldDeny: boolean;
}

/** The caller is not let in. */
export interface Denial {
  readonly kind: 'denied';
  readonly knowsCaller: boolean;
  readonly message: string;
}

/** Who calls, with what; no request stands for bare bytes, no identity for plain text (I2). */
export interface Knock {
  readonly identity: string | undefined;
  readonly request: RequestFacts | undefined;
}

/** What one port says: what its TrafficTargets do, where its mode has them asked and heard (I3). */
export function authorize(port: InboundPort, workload: Workload, knock: Knock): InboundVerdict {
  const place = `port ${port.number} of ${workload.key}`;
  if (port.policy.mode === 'allow-all') {
    const message = `Policy is allow-all on ${place}: no TrafficTarget is asked.`;
    return { kind: 'allowed', origin: { default: 'PolicyAllowAll' }, message, wouldDeny: false };
  }
  const verdict = askTargets(port, workload, knock);
  if (port.policy.mode === 'enforce' || verdict.kind === 'allowed') return verdict;
  const message = `Policy is audit on ${place}: would be denied because ${lowerFirst(verdict.message)}`;
  return { kind: 'allowed', origin: { default: 'PolicyAudit' }, message, wouldDeny: true };
}

function lowerFirst(sentence: string): string {
  return sentence.startsWith('TrafficTargets') ? sentence : `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}

/** Asks TrafficTargets: the port opens when any authorization names the caller and covers the request (T1, T8, T9). */
function askTargets(port: InboundPort, workload: Workload, { identity, request }: Knock): InboundVerdict {
  let knowsCaller = false;
  for (const { principals, http, tcp, target, portRule } of port.policy.authorizations) {
    if (!principals.some(principal => principal.identity === identity)) continue;
    knowsCaller ||= tcp || http === 'all' || http.length > 0;
    const name = `TrafficTarget ${target.source.object.metadata.name}`;
    if (request === undefined ? tcp : http === 'all') {
      return {
        kind: 'allowed',
        origin: portRule ?? target,
        message: `${name} lets the caller in on port ${port.number} of ${workload.key}.`,
        wouldDeny: false,
      };
    }
    if (request === undefined || http === 'all') continue;
    const grant = http.find(({ match }) => grantMismatch(match, request) === undefined);
    if (grant !== undefined) {
      return {
        kind: 'allowed',
        origin: grant.rule,
        message: `${name} lets the caller send what ${grant.match.name} describes to port ${port.number} of ${workload.key}.`,
        wouldDeny: false,
      };
    }
  }
  const what = request === undefined ? 'connect' : `send ${request.method} ${request.path ?? '*'}`;
  if (identity === undefined) {
    const message = `No TrafficTarget lets plain text, which has no identity, ${what} to port ${port.number} of ${workload.key}.`;
    return { kind: 'denied', knowsCaller, message };
  }
  const message = knowsCaller
    ? `TrafficTargets know ${identity}, but none lets it ${what} to port ${port.number} of ${workload.key}.`
    : `No TrafficTarget lets ${identity} ${what} to port ${port.number} of ${workload.key}.`;
  return { kind: 'denied', knowsCaller, message };
}

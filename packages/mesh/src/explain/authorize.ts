import { grantMismatch, type RequestFacts } from '../model/http-route-match.ts';
import type { ResourceOrigin } from '../model/origin.ts';
import type { InboundPort, Workload } from '../model/workload.ts';

/** What the destination's sidecar says to one caller. */
export type InboundVerdict =
  | { readonly kind: 'allowed'; readonly origin: ResourceOrigin; readonly message: string }
  | { readonly kind: 'denied'; readonly knowsCaller: boolean; readonly message: string };

/** Who calls, with what; no request stands for bare bytes. */
export interface Knock {
  readonly identity: string;
  readonly request: RequestFacts | undefined;
}

/** Asks one port: it opens when any authorization names the caller and covers the request (T1, T8, T9). */
export function authorize(port: InboundPort, workload: Workload, { identity, request }: Knock): InboundVerdict {
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
      };
    }
    if (request === undefined || http === 'all') continue;
    const grant = http.find(({ match }) => grantMismatch(match, request) === undefined);
    if (grant !== undefined) {
      return {
        kind: 'allowed',
        origin: grant.rule,
        message: `${name} lets the caller send what ${grant.match.name} describes to port ${port.number} of ${workload.key}.`,
      };
    }
  }
  const what = request === undefined ? 'connect' : `send ${request.method} ${request.path ?? '*'}`;
  const message = knowsCaller
    ? `TrafficTargets know ${identity}, but none lets it ${what} to port ${port.number} of ${workload.key}.`
    : `No TrafficTarget lets ${identity} ${what} to port ${port.number} of ${workload.key}.`;
  return { kind: 'denied', knowsCaller, message };
}

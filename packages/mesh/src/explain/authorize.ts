import { grantMismatch, type RequestFacts } from '../model/http-route-match.ts';
import type { ResourceOrigin } from '../model/origin.ts';
import type { Authorization, InboundPolicy, InboundPort, Workload } from '../model/workload.ts';
import { DependsOnPod } from './verdict.ts';

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
  /** Of the pods that may be calling. */
  readonly addresses: readonly string[];
  readonly request: RequestFacts | undefined;
}

/** What one port says: what its TrafficTargets do, where its mode has them asked and heard (I3). */
export function authorize(port: InboundPort, workload: Workload, knock: Knock): InboundVerdict {
  const at = `port ${port.number} of ${workload.key}`;
  if (port.policy.mode === 'allow-all') {
    const message = `Policy is allow-all on ${at}: no TrafficTarget is asked.`;
    return { kind: 'allowed', origin: { default: 'PolicyAllowAll' }, message, wouldDeny: false };
  }
  const verdict = askTargets(port.policy, knock, at);
  if (port.policy.mode === 'enforce' || verdict.kind === 'allowed') return verdict;
  const message = `Policy is audit on ${at}: would be denied because ${lowerFirst(verdict.message)}`;
  return { kind: 'allowed', origin: { default: 'PolicyAudit' }, message, wouldDeny: true };
}

function lowerFirst(sentence: string): string {
  return sentence.startsWith('TrafficTargets') ? sentence : `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}

/**
 * Asks TrafficTargets: a port opens when any authorization names the caller and covers the request (T1, T8, T9). Throws `DependsOnPod`
 * where only some of the pods that may be calling are named by their labels (T11).
 */
function askTargets({ authorizations }: InboundPolicy, knock: Knock, at: string): InboundVerdict {
  const { identity, request } = knock;
  let knowsCaller = false;
  let forSome: Authorization | undefined;
  for (const authorization of authorizations) {
    const named = nameCaller(authorization, knock);
    if (named === 'none') continue;
    const { http, tcp } = authorization;
    if (named === 'all') knowsCaller ||= tcp || http === 'all' || http.length > 0;
    const opened = open(authorization, knock, at);
    if (opened !== undefined && named === 'all') return opened;
    if (opened !== undefined) forSome = authorization;
  }
  if (forSome !== undefined) {
    throw new DependsOnPod(
      `The answer depends on the pod that calls: ${nameOf(forSome)} picks pods of ${identity} by their labels, and not all of them. Ask for one pod.`,
    );
  }
  const what = request === undefined ? 'connect' : `send ${request.method} ${request.path ?? '*'}`;
  if (identity === undefined) {
    const message = `No TrafficTarget lets plain text, which has no identity, ${what} to ${at}.`;
    return { kind: 'denied', knowsCaller, message };
  }
  const message = knowsCaller
    ? `TrafficTargets know ${identity}, but none lets it ${what} to ${at}.`
    : `No TrafficTarget lets ${identity} ${what} to ${at}.`;
  return { kind: 'denied', knowsCaller, message };
}

/** How an authorization lets a caller in that it names; `undefined` where it does not cover what is sent. */
function open(authorization: Authorization, { request }: Knock, at: string): InboundVerdict | undefined {
  const { http, tcp, target, portRule } = authorization;
  const name = nameOf(authorization);
  if (request === undefined ? tcp : http === 'all') {
    return {
      kind: 'allowed',
      origin: portRule ?? target,
      message: `${name} lets the caller in on ${at}.`,
      wouldDeny: false,
    };
  }
  if (request === undefined || http === 'all') return undefined;
  const grant = http.find(({ match }) => grantMismatch(match, request) === undefined);
  if (grant === undefined) return undefined;
  const message = `${name} lets the caller send what ${grant.match.name} describes to ${at}.`;
  return { kind: 'allowed', origin: grant.rule, message, wouldDeny: false };
}

/** Which of the pods that may be calling an authorization names, by their identity and address. */
export function nameCaller({ principals }: Authorization, caller: Knock): 'all' | 'some' | 'none' {
  const named = principals.filter(({ identity }) => identity === caller.identity);
  if (named.some(({ addresses }) => addresses === undefined)) return 'all';
  const picked = new Set(named.flatMap(({ addresses = [] }) => addresses));
  const isPicked = (address: string) => picked.has(address);
  if (!caller.addresses.some(isPicked)) return 'none';
  return caller.addresses.every(isPicked) ? 'all' : 'some';
}

function nameOf({ target }: Authorization): string {
  return `TrafficTarget ${target.source.object.metadata.name}`;
}

import type { InboundPolicy } from '../../model/workload.ts';
import { names } from './names.ts';
import { type ResourceGroup, secretType } from './resource.ts';
import { subjectAltNames } from './tls.ts';

/** Who may open connections of bytes to a port. */
export interface TcpCallers {
  /** SPIFFE IDs that may do so from wherever they call, sorted. */
  readonly anywhere: readonly string[];
  /** Pods that labels pick, besides: SPIFFE ID by address, in order. */
  readonly pods: ReadonlyMap<string, string>;
}

/** Reads it from policy; an address that two accounts claim tells nobody apart, and opens to neither. */
export function tcpCallersOf({ authorizations }: InboundPolicy): TcpCallers {
  const principals = authorizations.flatMap(({ tcp, principals: named }) => (tcp ? named : []));
  const anywhere = new Set(
    principals.filter(({ addresses }) => addresses === undefined).map(({ identity }) => identity),
  );
  const byAddress = new Map<string, Set<string>>();
  for (const { identity, addresses = [] } of principals) {
    if (anywhere.has(identity)) continue;
    for (const address of addresses) byAddress.set(address, (byAddress.get(address) ?? new Set()).add(identity));
  }
  const pods = [...byAddress].flatMap(([address, [identity = '', ...others]]) =>
    others.length === 0 ? [[address, identity] as const] : [],
  );
  return { anywhere: [...anywhere].toSorted(), pods: new Map(pods.toSorted(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Callers that one filter chain of a port takes, and the names of what says so. */
export interface CallerSet {
  /** SPIFFE IDs, sorted. */
  readonly identities: readonly string[];
  /** Of the validation context. */
  readonly secret: string;
  /** Of what is noted of its connections. */
  readonly audit: string;
}

/** The sets of a port: one of callers from wherever, and one for each account of which labels pick pods. */
export function callerSets({ anywhere, pods }: TcpCallers, workload: string, port: number): readonly CallerSet[] {
  const accounts = [...new Set(pods.values())].toSorted();
  return [
    { identities: anywhere, secret: names.tcpCallers(workload, port), audit: names.audit(workload, port) },
    ...accounts.map(identity => ({
      identities: [...anywhere, identity].toSorted(),
      secret: names.tcpPodCallers(workload, port, identity),
      audit: names.podAudit(workload, port, identity),
    })),
  ];
}

/**
 * The validation context of a set: it takes its callers alone or, where policy is not enforced, the whole mesh. It comes by
 * name, so that a change of policy drains nobody.
 * @param trustBundle PEM
 */
export function tcpCallerSecret(
  { secret: name, identities }: CallerSet,
  enforced: boolean,
  trustBundle: string,
): Omit<ResourceGroup['resources'][number], 'origins'> {
  const trustedCa = { inlineString: trustBundle };
  const validationContext = enforced
    ? { trustedCa, matchTypedSubjectAltNames: subjectAltNames(identities) }
    : { trustedCa };
  return { typeUrl: secretType, name, value: { name, validationContext } };
}

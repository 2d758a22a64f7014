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

/** Where one port takes bytes, and whose certificates it believes. */
interface CallersPlace {
  readonly workload: string;
  readonly port: number;
  /** PEM. */
  readonly trustBundle: string;
}

/**
 * The validation contexts of a port: one for callers from wherever, and one for each account of which labels pick pods.
 * They come by name, so that a change of policy drains nobody.
 */
export function tcpCallerSecrets(
  { anywhere, pods }: TcpCallers,
  { workload, port, trustBundle }: CallersPlace,
): Omit<ResourceGroup['resources'][number], 'origins'>[] {
  const secret = (name: string, identities: readonly string[]) => ({
    typeUrl: secretType,
    name,
    value: {
      name,
      validationContext: {
        trustedCa: { inlineString: trustBundle },
        matchTypedSubjectAltNames: subjectAltNames(identities),
      },
    },
  });
  return [
    secret(names.tcpCallers(workload, port), anywhere),
    ...[...new Set(pods.values())]
      .toSorted()
      .map(identity => secret(names.tcpPodCallers(workload, port, identity), [...anywhere, identity].toSorted())),
  ];
}

import { callerNameOf } from '../../model/caller-name.ts';
import { shortHash } from '../../model/short-hash.ts';
import type { InboundPolicy } from '../../model/workload.ts';
import { type Grants, grantsByIdentity, meaningOf } from './authorization.ts';

/** Callers of a port that go by one name in their handshakes; nearly always one identity. */
export interface Callers {
  readonly name: string;
  /** SPIFFE IDs, sorted. */
  readonly identities: readonly string[];
  /** Stands for what they may send. */
  readonly rights: string;
}

/** Who may send anything to a port that speaks HTTP. */
export function httpCallers(policy: InboundPolicy): Callers[] {
  return byName(grantsByIdentity(policy));
}

/** Who may open a connection of bytes to a port. */
export function tcpCallers({ authorizations }: InboundPolicy): Callers[] {
  const identities = authorizations
    .filter(({ tcp }) => tcp)
    .flatMap(({ principals }) => principals.map(({ identity }) => identity));
  return byName(new Map(identities.map(identity => [identity, 'all'])));
}

function byName(rights: ReadonlyMap<string, Grants>): Callers[] {
  const names = Map.groupBy([...rights.keys()].toSorted(), callerNameOf);
  return [...names]
    .map(([name, identities]) => ({
      name,
      identities,
      rights: shortHash(JSON.stringify(identities.map(identity => meaning(rights.get(identity))))),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function meaning(grants: Grants | undefined): unknown {
  return typeof grants === 'object' ? grants.map(meaningOf) : grants;
}

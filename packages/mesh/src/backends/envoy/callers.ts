import { callerNameOf } from '../../model/caller-name.ts';
import { shortHash } from '../../model/short-hash.ts';
import type { InboundPolicy } from '../../model/workload.ts';
import { grantsByIdentity, meaningOf, type Requests } from './authorization.ts';

/** Callers of a port that go by one name in their handshakes; nearly always one identity. */
export interface Callers {
  readonly name: string;
  /** The pod of theirs whose rights these are; absent: wherever they call from. */
  readonly address: string | undefined;
  /** SPIFFE IDs, sorted. */
  readonly identities: readonly string[];
  /** Stands for what they may send; absent where there is nothing to tell apart. */
  readonly rights?: string;
}

/** One identity, at one address or wherever, and what it may send there, as text. */
interface Entry {
  readonly identity: string;
  readonly address: string | undefined;
  readonly says: string;
}

/** Who may send anything to a port that speaks HTTP. */
export function requestCallers(policy: InboundPolicy): Callers[] {
  const entries = [...grantsByIdentity(policy)].flatMap(([identity, { anywhere, fromPods }]): Entry[] => {
    const always = meaning(anywhere);
    const byAddress = new Map<string, string[]>();
    for (const { addresses, requests } of fromPods.values()) {
      if (requests.length === 0) continue;
      for (const address of addresses) {
        byAddress.set(address, [...(byAddress.get(address) ?? [always]), meaning(requests)].toSorted());
      }
    }
    const atPods = [...byAddress].map(([address, says]) => ({ identity, address, says: says.join() }));
    return anywhere.length === 0 ? atPods : [{ identity, address: undefined, says: always }, ...atPods];
  });
  return byName(entries);
}

/** Who may open a connection of bytes to a port. */
export function bytesCallers({ authorizations }: InboundPolicy): Callers[] {
  const principals = authorizations.flatMap(({ tcp, principals: named }) => (tcp ? named : []));
  const anywhere = new Set(principals.flatMap(({ identity, addresses }) => (addresses === undefined ? identity : [])));
  const places = new Map<string, Entry>();
  for (const identity of anywhere) places.set(identity, { identity, address: undefined, says: '' });
  for (const { identity, addresses = [] } of principals) {
    if (anywhere.has(identity)) continue;
    for (const address of addresses) places.set(`${identity} ${address}`, { identity, address, says: '' });
  }
  return byName([...places.values()]);
}

function byName(entries: readonly Entry[]): Callers[] {
  const key = ({ identity, address = '' }: Entry) => `${callerNameOf(identity)} ${address}`;
  const groups = Map.groupBy(
    entries.toSorted((a, b) => (a.identity < b.identity ? -1 : 1)),
    key,
  );
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const [first] = group;
      if (first === undefined) return [];
      return {
        name: callerNameOf(first.identity),
        address: first.address,
        identities: group.map(({ identity }) => identity),
        ...(group.some(({ says }) => says !== '') && { rights: shortHash(group.map(({ says }) => says).join('\n')) }),
      };
    });
}

function meaning(requests: Requests): string {
  return requests === 'all' ? requests : JSON.stringify(requests.map(meaningOf));
}

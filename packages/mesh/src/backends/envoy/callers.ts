import { callerNameOf } from '../../model/caller-name.ts';
import { shortHash } from '../../model/short-hash.ts';
import type { InboundPolicy } from '../../model/workload.ts';
import { callersByGrants, meaningOf, type Requests } from './authorization.ts';

/** Callers of a port that share their filter chains there: one, but where there are very many. */
export interface Callers {
  /** Of the chain, within its port. */
  readonly title: string;
  /** What they call themselves in their handshakes. */
  readonly names: readonly string[];
  /** Where they call from; absent: wherever. */
  readonly addresses?: readonly string[];
  /** SPIFFE IDs, sorted. */
  readonly identities: readonly string[];
}

/** One identity, at one address or wherever, and what it may send there, as text. */
interface Entry {
  readonly identity: string;
  readonly name: string;
  readonly address: string | undefined;
  readonly says: string;
}

/** So many chains a port has for one kind of connection; callers beyond that share some. */
const mostChains = 256;

/** Who may send anything to a port that speaks HTTP. What they may send is in the title. */
export function requestCallers(policy: InboundPolicy): Callers[] {
  const entries = callersByGrants(policy).flatMap(({ identities, grants: { anywhere, fromPods } }): Entry[] => {
    const always = meaning(anywhere);
    const byAddress = new Map<string, string[]>();
    for (const { addresses, requests } of fromPods.values()) {
      if (requests.length === 0) continue;
      for (const address of addresses) {
        byAddress.set(address, [...(byAddress.get(address) ?? [always]), meaning(requests)].toSorted());
      }
    }
    const places = [...byAddress].map(([address, says]) => ({ address, says: says.join() }));
    const all = anywhere.length === 0 ? places : [{ address: undefined, says: always }, ...places];
    return identities.flatMap(identity => all.map(place => ({ identity, name: callerNameOf(identity), ...place })));
  });
  // Whoever shares a chain may still send no more than the rules of its own identity and address say.
  return together(entries, ({ address, name }) => bucketOf(address ?? name));
}

/** Who may open a connection of bytes to a port. */
export function bytesCallers({ authorizations }: InboundPolicy): Callers[] {
  const principals = authorizations.flatMap(({ tcp, principals: named }) => (tcp ? named : []));
  const anywhere = new Set(principals.flatMap(({ identity, addresses }) => (addresses === undefined ? identity : [])));
  const places = new Map<string, Entry>();
  const add = (identity: string, address: string | undefined) =>
    places.set(`${identity} ${address}`, { identity, name: callerNameOf(identity), address, says: '' });
  for (const identity of anywhere) add(identity, undefined);
  for (const { identity, addresses = [] } of principals) {
    if (!anywhere.has(identity)) for (const address of addresses) add(identity, address);
  }
  // The chain alone lets bytes in: nobody may come from another's address.
  return together([...places.values()], entry => (entry.address === undefined ? bucketOf(entry.name) : titleOf(entry)));
}

function bucketOf(text: string): string {
  return `some/${Number.parseInt(shortHash(text), 36) % mostChains}`;
}

function titleOf({ name, address }: Entry): string {
  return address === undefined ? name : `${name}/${address}`;
}

/** Entries by the chain that is theirs, in the order of titles; `sharing` says which one where there are too many of them. */
function together(entries: readonly Entry[], sharing: (entry: Entry) => string): Callers[] {
  const titles = Map.groupBy(entries, titleOf);
  const shared =
    titles.size <= mostChains
      ? titles
      : Map.groupBy(entries, entry => sharing(entry) + (entry.address === undefined ? '' : ' at pods'));
  return [...shared]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, group]) => {
      const inOrder = group.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      const says = inOrder.map(entry => (entry.says === '' ? '' : `${keyOf(entry)} ${entry.says}`)).join('\n');
      const addresses = unique(inOrder.flatMap(({ address }) => address ?? []));
      return {
        title: says.trim() === '' ? title : `${title}/${shortHash(says)}`,
        names: unique(inOrder.map(({ name }) => name)),
        ...(addresses.length > 0 && { addresses }),
        identities: unique(inOrder.map(({ identity }) => identity)),
      };
    });
}

function keyOf({ identity, address = '' }: Entry): string {
  return `${identity} ${address}`;
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted();
}

/** Short, for it comes once for each caller. */
function meaning(requests: Requests): string {
  return shortHash(requests === 'all' ? requests : requests.map(meaningOf).join('\n'));
}

/** What the names of the cluster resolve to: a query and a table in, an answer out. Pure. */
import type { Packet, Question } from 'dns-packet';
import { AUTHORITATIVE_ANSWER, RECURSION_DESIRED } from 'dns-packet';

/** IPv4 addresses by fully qualified name: lower case, without trailing dot. */
export type NameTable = ReadonlyMap<string, readonly string[]>;

/** Makes the table from names in any letter case, with or without a trailing dot. */
export function nameTable(names: Readonly<Record<string, readonly string[]>>): NameTable {
  return new Map(Object.entries(names).map(([name, addresses]) => [canonical(name), addresses]));
}

/** The whole of the zone under which the cluster's names are. */
export interface DnsZone {
  /** E.g. `cluster.local`. */
  readonly clusterDomain: string;
  readonly names: NameTable;
}

const rcodes = { noError: 0, serverFailure: 2, nameError: 3, notImplemented: 4 } as const;

/** Seconds for which a client may keep an answer; short, since names come and go with edits. */
const ttl = 1;

/**
 * Answers a query. Names of the table get their A records and, since the pod network is IPv4, an empty answer for every
 * other type; so does a name that only has others beneath it. Unknown names of the cluster domain do not exist. For all
 * other names no resolver can be reached from the pod network, and a client is told at once: a name of one label does not
 * exist (it is a search list being walked), others fail.
 */
export function answerDns(query: Packet, zone: DnsZone): Packet {
  const question = query.questions?.[0];
  const reply = { type: 'response', id: query.id ?? 0, questions: query.questions ?? [] } as const;
  const flags = AUTHORITATIVE_ANSWER | ((query.flags ?? 0) & RECURSION_DESIRED);
  if (question === undefined || query.questions?.length !== 1) return { ...reply, flags: rcodes.notImplemented };
  const name = canonical(question.name);
  const addresses = zone.names.get(name);
  if (addresses !== undefined) return { ...reply, flags, answers: records(question, addresses) };
  const isOfCluster = name === zone.clusterDomain || name.endsWith(`.${zone.clusterDomain}`);
  if (isOfCluster) return { ...reply, flags: flags | (isBranch(name, zone) ? rcodes.noError : rcodes.nameError) };
  return { ...reply, flags: flags | (name.includes('.') ? rcodes.serverFailure : rcodes.nameError) };
}

function records(question: Question, addresses: readonly string[]): NonNullable<Packet['answers']> {
  if (question.type !== 'A') return [];
  return addresses.map(data => ({ type: 'A', class: 'IN', name: question.name, ttl, data }));
}

/** An ancestor of names that exist exists too (RFC 8020): `NXDOMAIN` for it would deny what is beneath. */
function isBranch(name: string, zone: DnsZone): boolean {
  if (name === zone.clusterDomain) return true;
  for (const known of zone.names.keys()) if (known.endsWith(`.${name}`)) return true;
  return false;
}

function canonical(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

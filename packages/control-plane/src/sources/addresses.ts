import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import { errorCode } from './manifest-tree.ts';
import { isRecord, recordOf } from './record.ts';

/** A private IPv4 range that addresses are given from. */
export interface AddressRange {
  /** First address of the range. */
  readonly base: string;
  /** Length of its prefix in bits. */
  readonly prefix: number;
}

/** Where addresses of Services, and of names that are like one, come from: `kubeadm`'s default range, widened. */
export const serviceRange: AddressRange = { base: '10.96.0.0', prefix: 12 };

/** Where addresses of pods come from. */
export const podRange: AddressRange = { base: '10.244.0.0', prefix: 16 };

/** The first addresses of a range are not given away: routers, DNS and the Kubernetes API have theirs there by custom. */
const kept = 256;

/** A range has no address left. */
export class AddressesExhausted extends Error {
  readonly code = 'ADDRESSES_EXHAUSTED';
  readonly retryable = false;
}

/**
 * Gives names an address: a hash of `namespace/name` into the range, the next free one on a collision. The same name
 * keeps its address for as long as the book lives; without collisions it is the same in every book, whatever order names come in.
 */
class AddressPool {
  readonly #first: number;
  readonly #size: number;
  readonly #byName = new Map<string, string>();
  readonly #byAddress = new Map<string, string>();
  #reserved: ReadonlySet<string> = new Set();

  constructor({ base, prefix }: AddressRange) {
    this.#first = numberOf(base) + kept;
    // The last one of a range is its broadcast address.
    this.#size = 2 ** (32 - prefix) - kept - 1;
  }

  reserve(addresses: ReadonlySet<string>): void {
    this.#reserved = addresses;
  }

  give(name: string): { address: string; isNew: boolean } {
    const known = this.#byName.get(name);
    if (known !== undefined && !this.#reserved.has(known)) return { address: known, isNew: false };
    if (known !== undefined) this.#byAddress.delete(known);
    const start = hash(name) % this.#size;
    for (let step = 0; step < this.#size; step++) {
      const address = textOf(this.#first + ((start + step) % this.#size));
      if (this.#byAddress.has(address) || this.#reserved.has(address)) continue;
      this.#byName.set(name, address);
      this.#byAddress.set(address, name);
      return { address, isNew: true };
    }
    throw new AddressesExhausted(`No address is left for ${name}: all ${this.#size} of the range are given away.`);
  }

  /** Takes over what was given before; what is not of this range, or given twice, is left out. */
  remember(entries: Iterable<[string, unknown]>): void {
    for (const [name, address] of entries) {
      if (typeof address !== 'string' || !this.#holds(address) || this.#byAddress.has(address)) continue;
      this.#byName.set(name, address);
      this.#byAddress.set(address, name);
    }
  }

  entries(): Iterable<[string, string]> {
    return [...this.#byName].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  #holds(address: string): boolean {
    const offset = numberOf(address) - this.#first;
    return textOf(numberOf(address)) === address && offset >= 0 && offset < this.#size;
  }
}

/** The addresses of Services and pods that have none of their own, remembered. */
export class AddressBook {
  readonly #services: AddressPool;
  readonly #pods: AddressPool;
  readonly #file: string | undefined;
  #changed = false;

  /** `file` is where `save` writes; without one the book lives in memory only. */
  constructor(file?: string, ranges: { services?: AddressRange; pods?: AddressRange } = {}) {
    this.#file = file;
    this.#services = new AddressPool(ranges.services ?? serviceRange);
    this.#pods = new AddressPool(ranges.pods ?? podRange);
  }

  /**
   * Addresses that objects have by themselves, which are not given to others. What was given before and is reserved now is
   * replaced when it is next asked for.
   */
  reserve(addresses: ReadonlySet<string>): void {
    this.#services.reserve(addresses);
    this.#pods.reserve(addresses);
  }

  /** The address of a Service, or of any other name that is called like one, such as the root of a TrafficSplit. */
  service(namespace: string, name: string): string {
    return this.#give(this.#services, `${namespace}/${name}`);
  }

  /** The address of a pod. */
  pod(namespace: string, name: string): string {
    return this.#give(this.#pods, `${namespace}/${name}`);
  }

  /** Writes what was given to the book's file, all or nothing, if that has changed. Throws the file system's error. */
  async save(): Promise<void> {
    if (this.#file === undefined || !this.#changed) return;
    this.#changed = false;
    const content = {
      services: Object.fromEntries(this.#services.entries()),
      pods: Object.fromEntries(this.#pods.entries()),
    };
    const draft = `${this.#file}.new`;
    await writeFile(draft, `${JSON.stringify(content, null, 1)}\n`);
    await rename(draft, this.#file);
  }

  /** Takes over a saved book; a text that is none is ignored, since a hash gives almost every name its address again. */
  remember(text: string): void {
    const content = recordOf(jsonOrNothing(text));
    for (const [pool, entries] of [
      [this.#services, content['services']],
      [this.#pods, content['pods']],
    ] as const) {
      if (isRecord(entries)) pool.remember(Object.entries(entries));
    }
  }

  #give(pool: AddressPool, name: string): string {
    const { address, isNew } = pool.give(name);
    this.#changed ||= isNew;
    return address;
  }
}

/** Opens the book that a state folder holds, which is made if it is missing. Throws the file system's error. */
export async function openAddressBook(stateDir: string): Promise<AddressBook> {
  await makeDirectory(stateDir);
  const file = join(stateDir, 'addresses.json');
  const book = new AddressBook(file);
  try {
    book.remember(await readFile(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  return book;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off by a crash, or not ours.
    return undefined;
  }
}

function hash(name: string): number {
  return createHash('sha256').update(name).digest().readUInt32BE(0);
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join('.');
}

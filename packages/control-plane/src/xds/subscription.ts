/**
 * One type of resource on one delta stream: what the sidecar asks for, what it has, what it refused, and what it is to get
 * next. The order between types is the stream's business.
 */
import { blamed } from './blame.ts';
import type { DeltaRequest, DeltaResponse } from './delta-wire.ts';
import type { EncodedResource } from './encode.ts';
import type { Delivery, Rejection, ResourceVersion, TypeStatus } from './stream.ts';

/** Which half of what is due to send. */
export type Part = 'all' | 'additions' | 'removals';

/** Version of a resource that the sidecar may have in one version or another, or not at all. */
const unknownVersion = '';

/** The books on one type of resource: asked for, due, in flight, held, refused. */
export class Subscription {
  readonly typeUrl: string;
  readonly #wanted: ReadonlyMap<string, EncodedResource>;
  #wildcard = false;
  readonly #names = new Set<string>();
  /** What the sidecar has: acknowledged here, or reported from an earlier stream. */
  readonly #held = new Map<string, string>();
  /** Held from an earlier stream, and not compared yet. */
  readonly #reported = new Set<string>();
  readonly #rejected = new Map<string, { readonly version: string; readonly message: string }>();
  /** Sent together with something that was refused, without knowing which it was: each is tried alone. */
  readonly #doubted = new Set<string>();
  /** To be compared at the next chance. */
  readonly #due = new Set<string>();
  /** Of those, the ones that need an answer even if nothing has changed. */
  readonly #asked = new Set<string>();
  /** A fresh sidecar waits for the answer to its wildcard, even an empty one. */
  #greeting = false;
  #inFlight: DeltaResponse | undefined;

  /** @param wanted all resources of the type that the sidecar is to have, a live view */
  constructor(first: DeltaRequest, wanted: ReadonlyMap<string, EncodedResource>) {
    this.typeUrl = first.typeUrl;
    this.#wanted = wanted;
    for (const [name, version] of Object.entries(first.initialVersions ?? {})) {
      this.#held.set(name, version);
      this.#reported.add(name);
      this.#due.add(name);
    }
    const names = first.subscribe?.length ? first.subscribe : ['*'];
    this.subscribe(names.filter(name => name === '*' || !this.#reported.has(name)));
    for (const name of names) if (name !== '*') this.#names.add(name);
    if (this.#reported.size > 0) this.#greeting = false;
  }

  /** Adds names, `*` for all; each is answered, whether or not it was sent before. */
  subscribe(names: readonly string[]): void {
    for (const name of names) {
      if (name === '*') {
        this.#wildcard = true;
        this.#greeting = true;
        for (const wanted of this.#wanted.keys()) this.#due.add(wanted);
      } else {
        this.#names.add(name);
        this.#ask(name);
      }
    }
  }

  /** Drops names, `*` for the wildcard. What a wildcard still covers is answered once more, as the protocol asks. */
  unsubscribe(names: readonly string[]): void {
    for (const name of names) {
      if (name === '*') this.#wildcard = false;
      else if (this.#names.delete(name) && this.#wildcard) this.#ask(name);
    }
    if (this.#wildcard) return;
    for (const held of [...this.#held.keys(), ...this.#due]) if (!this.#covers(held)) this.#forget(held);
  }

  /** Says again what a name has become, if it is subscribed by name. */
  push(name: string): void {
    if (this.#names.has(name)) this.#ask(name);
  }

  /** Notes names whose wanted version has changed. */
  update(names: Iterable<string>): void {
    for (const name of names) this.#due.add(name);
  }

  /** The next response, if there is one to send and none in flight. */
  take(nonce: string, part: Part): DeltaResponse | undefined {
    if (this.#inFlight !== undefined) return undefined;
    const resources: EncodedResource[] = [];
    const removed: string[] = [];
    for (const name of this.#due) {
      const due = this.#compare(name);
      if (due === undefined) this.#settle(name);
      else if (due !== 'gone') {
        if (part !== 'removals') resources.push(due);
      } else if (part !== 'additions' || this.#asked.has(name)) removed.push(name);
    }
    const sendable = this.#withoutDoubt(resources, removed);
    if (sendable.length === 0 && removed.length === 0 && !(this.#greeting && part !== 'removals')) return undefined;
    this.#greeting = false;
    for (const { name } of sendable) this.#settle(name);
    for (const name of removed) this.#settle(name);
    this.#inFlight = { typeUrl: this.typeUrl, nonce, resources: sendable, removed };
    return this.#inFlight;
  }

  /** @returns what is acknowledged; nothing for an answer to another response than the one in flight */
  acknowledge(nonce: string): Delivery | undefined {
    const response = this.#answered(nonce);
    if (response === undefined) return undefined;
    for (const { name, version } of response.resources) {
      this.#rejected.delete(name);
      this.#doubted.delete(name);
      if (this.#covers(name)) this.#held.set(name, version);
    }
    for (const name of response.removed) this.#held.delete(name);
    return response;
  }

  /**
   * Sets aside what is to blame and puts the rest up to be sent again: Envoy may have taken it or not.
   * @returns the rejection with what is to blame, which is nothing as long as that isn't clear
   */
  reject(nonce: string, message: string): Rejection | undefined {
    const response = this.#answered(nonce);
    if (response === undefined) return undefined;
    const names = response.resources.map(({ name }) => name);
    const guilty = new Set(names.length === 1 ? names : blamed(message, names));
    const resources: ResourceVersion[] = [];
    for (const { name, version } of response.resources) {
      if (!this.#covers(name)) continue;
      if (guilty.has(name)) {
        resources.push({ name, version });
        this.#rejected.set(name, { version, message });
        this.#doubted.delete(name);
        if (!this.#held.has(name)) this.#held.set(name, unknownVersion);
      } else {
        this.#held.set(name, unknownVersion);
        this.#due.add(name);
        if (guilty.size === 0) this.#doubted.add(name);
      }
    }
    if (names.length > 0) for (const name of response.removed) this.#due.add(name);
    return { typeUrl: this.typeUrl, resources, message };
  }

  /** A response waits for its answer. */
  get busy(): boolean {
    return this.#inFlight !== undefined;
  }

  /** Something wanted was refused, so that the sidecar goes on with what it had before. */
  get obstructed(): boolean {
    return this.#standing().length > 0;
  }

  get inSync(): boolean {
    return this.#inFlight === undefined && this.#due.size === 0 && !this.#greeting && !this.obstructed;
  }

  status(): TypeStatus {
    return {
      typeUrl: this.typeUrl,
      wildcard: this.#wildcard,
      sent: this.#inFlight?.resources ?? [],
      acknowledged: this.#held,
      awaited: this.#awaited(),
      rejected: this.#standing(),
      inSync: this.inSync,
    };
  }

  #awaited(): ReadonlySet<string> {
    const awaited = new Set<string>();
    if (this.inSync) return awaited;
    for (const [name, { version }] of this.#wanted) {
      if (this.#covers(name) && this.#held.get(name) !== version) awaited.add(name);
    }
    return awaited;
  }

  /** What a name is due: its resource, that it is gone, or nothing. */
  #compare(name: string): EncodedResource | 'gone' | undefined {
    if (!this.#covers(name)) {
      this.#forget(name);
      return undefined;
    }
    const wanted = this.#wanted.get(name);
    const held = this.#held.get(name);
    const asked = this.#asked.has(name);
    if (wanted === undefined) return asked || held !== undefined ? 'gone' : undefined;
    if (this.#rejected.get(name)?.version === wanted.version) return asked ? 'gone' : undefined;
    if (this.#reported.delete(name) && held !== undefined && wanted.accepts?.(held)) {
      this.#held.set(name, wanted.version);
      return undefined;
    }
    return asked || held !== wanted.version ? wanted : undefined;
  }

  /** All that is beyond doubt; when that is nothing, one of the others. */
  #withoutDoubt(resources: readonly EncodedResource[], removed: readonly string[]): readonly EncodedResource[] {
    if (this.#doubted.size === 0) return resources;
    const certain = resources.filter(({ name }) => !this.#doubted.has(name));
    return certain.length > 0 || removed.length > 0 ? certain : resources.slice(0, 1);
  }

  #answered(nonce: string): DeltaResponse | undefined {
    const response = this.#inFlight;
    if (response?.nonce !== nonce) return undefined;
    this.#inFlight = undefined;
    return response;
  }

  #standing(): (ResourceVersion & { readonly message: string })[] {
    const standing = [];
    for (const [name, { version, message }] of this.#rejected) {
      if (this.#covers(name) && this.#wanted.get(name)?.version === version) standing.push({ name, version, message });
    }
    return standing;
  }

  #covers(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  #ask(name: string): void {
    this.#asked.add(name);
    this.#due.add(name);
  }

  #settle(name: string): void {
    this.#due.delete(name);
    this.#asked.delete(name);
  }

  #forget(name: string): void {
    this.#settle(name);
    this.#held.delete(name);
    this.#reported.delete(name);
    this.#doubted.delete(name);
  }
}

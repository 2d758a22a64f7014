import type { EnvoyOutput, Finding, HeldObject } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import { findingsByObject, isPolicy } from '../api/object-status.ts';
import { hasAcknowledged, objectKey, resourcesByObject } from '../api/programmed.ts';
import type { SidecarRef } from '../outputs/sidecar-ref.ts';
import type { NodeStatus } from '../xds/node.ts';

/** Told what becomes of each object of policy. */
export interface PolicyEvents {
  /** It is in force on every sidecar that it concerns: once an object and generation. */
  applied(ref: ObjectRef): void;
  /** It was refused: once an object, generation and code of a finding. */
  rejected(ref: ObjectRef, code: string): void;
}

/** What a pass of the loop came to. */
export interface PublishedPass {
  /** Every object that the sources have. */
  readonly objects: Iterable<HeldObject>;
  readonly findings: readonly Finding[];
  readonly sidecars: readonly SidecarRef[];
  readonly output: EnvoyOutput;
  /** Node ids of the sidecars that were sent something and have not acknowledged it. */
  readonly awaited: ReadonlySet<string>;
}

interface Entry {
  readonly key: string;
  readonly ref: ObjectRef;
  /** `metadata.generation`, or where there is none the content itself: the same as long as nobody edits the object. */
  readonly generation: unknown;
  /** Codes of findings that refused this generation. */
  readonly codes: Set<string>;
  /** The last pass that knew it; 0 before the first. */
  pass: number;
  isRefused: boolean;
  wasApplied: boolean;
  /** Node ids of sidecars that it waits for. */
  readonly pending: Set<string>;
}

/**
 * Follows each object of policy from its submission to its end: it is refused, or it is in force once the last sidecar
 * that it concerns has acknowledged it. What a sidecar lost by an edit concerns it as much as what it gained.
 */
export class PolicyLedger {
  readonly #events: PolicyEvents;
  readonly #entries = new Map<string, Entry>();
  /** An object that did not change is the same JavaScript object in each pass; null for what is no policy. */
  readonly #known = new WeakMap<HeldObject, Entry | null>();
  #pass = 0;
  /** Entries that wait for a node, by its id. */
  readonly #waiting = new Map<string, Set<Entry>>();
  #output: EnvoyOutput = { sidecars: new Map() };

  constructor(events: PolicyEvents) {
    this.#events = events;
  }

  /** A pass has published what it made. */
  published(pass: PublishedPass): void {
    const fresh = this.#takeIn(pass);
    this.#await(fresh, pass);
    this.#output = pass.output;
    const nodes = new Set(pass.sidecars.map(({ nodeId }) => nodeId));
    for (const node of this.#waiting.keys()) if (!nodes.has(node)) this.#release(node, () => true);
    for (const entry of fresh.values()) this.#review(entry);
  }

  /** A sidecar has acknowledged something; in sync it has acknowledged everything. */
  acknowledged(node: NodeStatus, workload: string): void {
    const configuration = this.#output.sidecars.get(workload);
    const resources = configuration === undefined ? undefined : resourcesByObject(configuration);
    this.#release(node.node, ({ key }) => node.inSync || hasAcknowledged(node, resources?.get(key) ?? []));
  }

  /** A sidecar refused what was made of objects: they count as rejected, and go on waiting for it. */
  refused(findings: readonly Finding[]): void {
    for (const [key, found] of findingsByObject(findings)) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) this.#countRefusals(entry, found);
    }
  }

  /** Brings the books to what there is now; returns, by key, the entries that are to be followed from here on. */
  #takeIn({ objects, findings }: PublishedPass): ReadonlyMap<string, Entry> {
    const about = findingsByObject(findings);
    const fresh = new Map<string, Entry>();
    this.#pass += 1;
    for (const object of objects) {
      const entry = this.#entryOf(object);
      if (entry === null) continue;
      const isNew = entry.pass === 0;
      const wasRefused = entry.isRefused;
      const found = about.get(entry.key) ?? nothing;
      entry.pass = this.#pass;
      entry.isRefused = found.some(({ severity }) => severity === 'error');
      if (entry.isRefused) this.#drop(entry);
      else if (isNew || wasRefused) fresh.set(entry.key, entry);
      this.#countRefusals(entry, found);
    }
    for (const entry of this.#entries.values()) if (entry.pass !== this.#pass) this.#forget(entry);
    return fresh;
  }

  /** The entry of the generation that an object has now. */
  #entryOf(object: HeldObject): Entry | null {
    const known = this.#known.get(object);
    if (known !== undefined) return known;
    const entry = isPolicy(object) ? this.#entryAnew(object) : null;
    this.#known.set(object, entry);
    return entry;
  }

  #entryAnew({ ref, latest: { object } }: HeldObject): Entry {
    const key = objectKey(ref);
    const generation = object.metadata.generation ?? object;
    const before = this.#entries.get(key);
    if (before?.generation === generation) return before;
    if (before !== undefined) this.#forget(before);
    const entry = newEntry(key, ref, generation);
    this.#entries.set(key, entry);
    return entry;
  }

  #forget(entry: Entry): void {
    this.#drop(entry);
    this.#entries.delete(entry.key);
  }

  #countRefusals(entry: Entry, findings: readonly Finding[]): void {
    for (const { code, severity } of findings) {
      if (severity !== 'error' || entry.codes.has(code)) continue;
      entry.codes.add(code);
      this.#events.rejected(entry.ref, code);
    }
  }

  /** Replicas share a configuration: what it holds of these objects is looked up once. */
  #await(fresh: ReadonlyMap<string, Entry>, { sidecars, output, awaited }: PublishedPass): void {
    if (fresh.size === 0) return;
    const byWorkload = new Map<string, readonly Entry[]>();
    for (const { nodeId, workload } of sidecars) {
      if (!awaited.has(nodeId)) continue;
      const concerned = byWorkload.get(workload) ?? this.#concerning(workload, output, fresh);
      byWorkload.set(workload, concerned);
      for (const entry of concerned) {
        entry.pending.add(nodeId);
        const waiting = this.#waiting.get(nodeId);
        if (waiting === undefined) this.#waiting.set(nodeId, new Set([entry]));
        else waiting.add(entry);
      }
    }
  }

  #concerning(workload: string, output: EnvoyOutput, fresh: ReadonlyMap<string, Entry>): readonly Entry[] {
    const configurations = [this.#output.sidecars.get(workload), output.sidecars.get(workload)];
    const found = new Set<Entry>();
    for (const configuration of configurations) {
      if (configuration === undefined) continue;
      for (const key of resourcesByObject(configuration).keys()) {
        const entry = fresh.get(key);
        if (entry !== undefined) found.add(entry);
      }
    }
    return [...found];
  }

  #release(node: string, isDone: (entry: Entry) => boolean): void {
    const waiting = this.#waiting.get(node);
    for (const entry of waiting ?? []) {
      if (!isDone(entry)) continue;
      waiting?.delete(entry);
      entry.pending.delete(node);
      this.#review(entry);
    }
    if (waiting?.size === 0) this.#waiting.delete(node);
  }

  #review(entry: Entry): void {
    if (entry.isRefused || entry.wasApplied || entry.pending.size > 0) return;
    entry.wasApplied = true;
    this.#events.applied(entry.ref);
  }

  #drop(entry: Entry): void {
    for (const node of entry.pending) this.#waiting.get(node)?.delete(entry);
    entry.pending.clear();
  }
}

const nothing: readonly Finding[] = [];

function newEntry(key: string, ref: ObjectRef, generation: unknown): Entry {
  return { key, ref, generation, pass: 0, codes: new Set(), isRefused: false, wasApplied: false, pending: new Set() };
}

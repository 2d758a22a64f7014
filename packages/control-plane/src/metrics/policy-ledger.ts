import { configurationOf, type EnvoyOutput, type Finding, type HeldChange, type HeldObject } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import { findingsByObject, isPolicy } from '../api/object-status.ts';
import { hasAcknowledged, objectKey, resourcesByObject } from '../api/programmed.ts';
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
  /** What the sources have of objects, against the pass before. */
  readonly changes: Iterable<HeldChange>;
  readonly findings: readonly Finding[];
  /** Key of the workload that a node is a sidecar of; `undefined` for one that is no more. */
  readonly workloadOf: (nodeId: string) => string | undefined;
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
  /** Not looked at yet. */
  isNew: boolean;
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
  /** Those that are refused. */
  readonly #refused = new Set<Entry>();
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
    for (const node of this.#waiting.keys()) if (pass.workloadOf(node) === undefined) this.#release(node, () => true);
    for (const entry of fresh.values()) this.#review(entry);
  }

  /** A sidecar has acknowledged something; in sync it has acknowledged everything. */
  acknowledged(node: NodeStatus, workload: string): void {
    const configuration = configurationOf(this.#output, workload);
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
  #takeIn({ changes, findings }: PublishedPass): ReadonlyMap<string, Entry> {
    const about = findingsByObject(findings);
    const fresh = new Map<string, Entry>();
    const changed = new Set<Entry>();
    for (const { ref, held } of changes) {
      const known = this.#entries.get(objectKey(ref));
      if (held !== undefined && isPolicy(held)) changed.add(this.#entryAnew(held));
      else if (known !== undefined) this.#forget(known);
    }
    // Findings come and go without a change of their object.
    const judged = [...about.keys()].flatMap(key => this.#entries.get(key) ?? []);
    for (const entry of new Set([...changed, ...judged, ...this.#refused])) {
      const wasRefused = entry.isRefused;
      const found = about.get(entry.key) ?? nothing;
      entry.isRefused = found.some(({ severity }) => severity === 'error');
      if (entry.isRefused) {
        this.#drop(entry);
        this.#refused.add(entry);
      } else {
        this.#refused.delete(entry);
        if (entry.isNew || wasRefused) fresh.set(entry.key, entry);
      }
      entry.isNew = false;
      this.#countRefusals(entry, found);
    }
    return fresh;
  }

  /** The entry of the generation that an object has now. */
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
    this.#refused.delete(entry);
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
  #await(fresh: ReadonlyMap<string, Entry>, { workloadOf, output, awaited }: PublishedPass): void {
    if (fresh.size === 0) return;
    const byWorkload = new Map<string, readonly Entry[]>();
    for (const nodeId of awaited) {
      const workload = workloadOf(nodeId);
      if (workload === undefined) continue;
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
    const configurations = [configurationOf(this.#output, workload), configurationOf(output, workload)];
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
  return {
    key,
    ref,
    generation,
    isNew: true,
    codes: new Set(),
    isRefused: false,
    wasApplied: false,
    pending: new Set(),
  };
}

/** One sidecar as the server knows it: what it is to have, its streams, and how far they have got. */
import type { DeltaRequest } from './delta-wire.ts';
import { ResourceIndex, type Snapshot } from './snapshot.ts';
import type { Stream, TypeStatus } from './stream.ts';

/** How far a sidecar has got, for people and metrics. */
export interface NodeStatus {
  readonly node: string;
  readonly connected: boolean;
  /** Connected, and everything that it is to have is acknowledged. */
  readonly inSync: boolean;
  /** When `connected` or `inSync` last changed. */
  readonly since: Date;
  /** Of the newest stream; empty when not connected. */
  readonly types: readonly TypeStatus[];
}

/** Who hears of a node's progress. */
export interface NodeObserver {
  /** Told once of each snapshot that the sidecar has acknowledged as a whole. */
  synced(snapshot: Snapshot): void;
  /** Told when `connected` or `inSync` has changed. */
  moved(): void;
}

/** A sidecar by its node id; it outlives its streams. */
export class Node {
  readonly id: string;
  readonly index = new ResourceIndex();
  readonly #now: () => Date;
  readonly #observer: NodeObserver;
  /** In the order of opening. Two at a time are a sidecar that reconnects before its old stream is seen to be dead. */
  readonly #streams = new Map<Stream<DeltaRequest>, () => void>();
  #connected = false;
  #inSync = false;
  #synced: Snapshot | undefined;
  #since: Date;

  constructor(id: string, now: () => Date, observer: NodeObserver) {
    this.id = id;
    this.#now = now;
    this.#observer = observer;
    this.#since = now();
  }

  /** @returns whether the snapshot differs from the one before */
  publish(snapshot: Snapshot): boolean {
    const first = this.index.snapshot === undefined;
    const change = this.index.replace(snapshot);
    if (first || change.size > 0) for (const stream of this.#streams.keys()) stream.update(change);
    this.review();
    return first || change.size > 0;
  }

  /** @param end closes the stream from the server's side */
  open(stream: Stream<DeltaRequest>, end: () => void): void {
    this.#streams.set(stream, end);
    this.review();
  }

  close(stream: Stream<DeltaRequest>): void {
    this.#streams.delete(stream);
    this.review();
  }

  /** What the sidecar has acknowledged as a whole last, on any of its streams. */
  get acknowledged(): Snapshot | undefined {
    return this.#synced;
  }

  /** Nothing is published for it, and it isn't connected. */
  get idle(): boolean {
    return this.index.snapshot === undefined && this.#streams.size === 0;
  }

  /** Closes all streams. */
  end(): void {
    for (const end of this.#streams.values()) end();
  }

  /** Notes how things stand; to be called after everything that a stream took in. */
  review(): void {
    const stream = this.#newest();
    const connected = stream !== undefined;
    const inSync = stream?.inSync ?? false;
    if (connected !== this.#connected || inSync !== this.#inSync) {
      this.#since = this.#now();
      this.#connected = connected;
      this.#inSync = inSync;
      this.#observer.moved();
    }
    const snapshot = this.index.snapshot;
    if (!inSync || snapshot === undefined || snapshot === this.#synced) return;
    this.#synced = snapshot;
    this.#observer.synced(snapshot);
  }

  /** Connected, and everything that it is to have is acknowledged. */
  get inSync(): boolean {
    return this.#inSync;
  }

  status(): NodeStatus {
    return {
      node: this.id,
      connected: this.#connected,
      inSync: this.#inSync,
      since: this.#since,
      types: this.#newest()?.status() ?? [],
    };
  }

  #newest(): Stream<DeltaRequest> | undefined {
    return [...this.#streams.keys()].at(-1);
  }
}

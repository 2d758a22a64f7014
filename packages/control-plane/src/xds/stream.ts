/** The seam between the discovery protocols and their transport: no bytes, no sockets, no clock. */
import type { Change } from './snapshot.ts';

/**
 * The server's end of one discovery stream. A variant of the protocol (delta; state of the world) is a class that
 * implements this and sends its own kind of response.
 */
export interface Stream<Request> {
  /** Takes a request: acknowledgement, rejection, change of subscriptions, or several of these at once. */
  receive(request: Request): void;
  /** Takes what changed in the resources that the sidecar is to have; sends what may be sent. */
  update(change: Change): void;
  /** Whether the sidecar has acknowledged all that it is to have, as far as it has asked for it. */
  readonly inSync: boolean;
  /** What became of each type that the sidecar has asked for, in the order of asking. */
  status(): readonly TypeStatus[];
}

/** A resource at a version. */
export interface ResourceVersion {
  readonly name: string;
  readonly version: string;
}

/** How far a sidecar has got with one type of resource. */
export interface TypeStatus {
  readonly typeUrl: string;
  readonly wildcard: boolean;
  /** Sent, and not answered yet. */
  readonly sent: readonly ResourceVersion[];
  /** Versions by name; empty where it is not known which one the sidecar has. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** What the sidecar is to have and has not acknowledged: not sent, not answered, or refused. */
  readonly awaited: ReadonlySet<string>;
  /** What is wanted and was refused, with Envoy's words. */
  readonly rejected: readonly (ResourceVersion & { readonly message: string })[];
  readonly inSync: boolean;
}

/** A response, as far as an observer is concerned. */
export interface Delivery {
  readonly typeUrl: string;
  readonly resources: readonly ResourceVersion[];
  readonly removed: readonly string[];
}

/** A rejection that could be pinned on resources; they are set aside at these versions. */
export interface Rejection {
  readonly typeUrl: string;
  readonly resources: readonly ResourceVersion[];
  /** Envoy's own words. */
  readonly message: string;
}

/** Told what happens on a stream. */
export interface StreamObserver {
  sent(delivery: Delivery): void;
  acknowledged(delivery: Delivery): void;
  rejected(rejection: Rejection): void;
}

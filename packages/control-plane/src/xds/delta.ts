/**
 * The delta variant of the discovery protocol, aggregated: what comes in is a sidecar's requests and the changes of what it
 * is to have, what goes out is responses. It must not know sockets, bytes, the clock, or what the resources mean.
 *
 * Envoy takes resources in the order in which they are sent, so that nothing ever names what isn't there yet:
 * clusters, endpoints, listeners, routes when adding; routes, listeners, clusters, endpoints when removing. Each step waits
 * until the one before is acknowledged: Envoy acknowledges a cluster when it has warmed. Secrets, and any other type, go
 * out whenever they are asked for, since clusters and listeners wait for them.
 * Rules: Envoy's "xDS REST and gRPC protocol", sections on incremental xDS, ACK/NACK and eventual consistency.
 */
import type { DeltaRequest, DeltaResponse } from './delta-wire.ts';
import { typeUrls } from './resource-type.ts';
import type { Change, ResourceIndex } from './snapshot.ts';
import type { Stream, StreamObserver, TypeStatus } from './stream.ts';
import { type Part, Subscription } from './subscription.ts';

const { cluster: cds, endpoints: eds, listener: lds, route: rds } = typeUrls;
const ordered: ReadonlySet<string> = new Set([cds, eds, lds, rds]);

/** One delta stream of one sidecar, from its first request to its end. */
export class DeltaStream implements Stream<DeltaRequest> {
  readonly #index: ResourceIndex;
  readonly #send: (response: DeltaResponse) => void;
  readonly #observer: StreamObserver;
  readonly #subscriptions = new Map<string, Subscription>();
  #nonces = 0;

  /**
   * @param index what the sidecar is to have; nothing is sent while it has no snapshot
   * @param send takes a response to the sidecar; called while a request or an update is being handled
   */
  constructor(index: ResourceIndex, send: (response: DeltaResponse) => void, observer: StreamObserver) {
    this.#index = index;
    this.#send = send;
    this.#observer = observer;
  }

  receive(request: DeltaRequest): void {
    const subscription = this.#subscriptions.get(request.typeUrl);
    if (subscription === undefined) {
      const wanted = this.#index.resources(request.typeUrl);
      this.#subscriptions.set(request.typeUrl, new Subscription(request, wanted));
      this.#flush();
      return;
    }
    this.#answer(subscription, request);
    // Changes of subscriptions count even if the nonce is of another response.
    subscription.subscribe(request.subscribe ?? []);
    subscription.unsubscribe(request.unsubscribe ?? []);
    this.#flush();
  }

  update(change: Change): void {
    for (const [typeUrl, names] of change) this.#subscriptions.get(typeUrl)?.update(names);
    this.#flush();
  }

  /** What a sidecar asks for by wildcard it asks for at the start: until then it can't be in sync. */
  get inSync(): boolean {
    if (this.#index.snapshot === undefined) return false;
    for (const typeUrl of [cds, lds]) {
      if (this.#index.resources(typeUrl).size > 0 && !this.#subscriptions.has(typeUrl)) return false;
    }
    return [...this.#subscriptions.values()].every(subscription => subscription.inSync);
  }

  status(): readonly TypeStatus[] {
    return Array.from(this.#subscriptions.values(), subscription => subscription.status());
  }

  #answer(subscription: Subscription, { nonce = '', error }: DeltaRequest): void {
    if (error === undefined) {
      const acknowledged = subscription.acknowledge(nonce);
      if (acknowledged !== undefined) this.#observer.acknowledged(acknowledged);
    } else {
      const rejected = subscription.reject(nonce, error);
      if (rejected !== undefined && rejected.resources.length > 0) this.#observer.rejected(rejected);
    }
  }

  #flush(): void {
    if (this.#index.snapshot === undefined) return;
    for (const typeUrl of this.#subscriptions.keys()) if (!ordered.has(typeUrl)) this.#deliver(typeUrl, 'all');
    this.#deliver(cds, 'additions');
    this.#deliver(eds, 'additions');
    // A sidecar that reconnects asks for endpoints first and for clusters last: their turn is still to come. (One whose
    // clusters with EDS are all in its bootstrap, and that never asks for others, is not served.)
    const clustersToCome = this.#subscriptions.has(eds) && !this.#subscriptions.has(cds);
    if (clustersToCome || this.#busy(cds, eds)) return;
    this.#deliver(lds, 'additions');
    this.#deliver(rds, 'all');
    if (this.#busy(lds, rds)) return;
    this.#deliver(lds, 'removals');
    // A listener or route that was refused leaves the one before in force, with the clusters that it names.
    if (this.#busy(lds) || this.#obstructed(lds, rds)) return;
    this.#deliver(cds, 'removals');
    if (!this.#busy(cds)) this.#deliver(eds, 'removals');
  }

  #deliver(typeUrl: string, part: Part): void {
    const response = this.#subscriptions.get(typeUrl)?.take(String(this.#nonces + 1), part);
    if (response === undefined) return;
    this.#nonces += 1;
    this.#send(response);
    this.#observer.sent(response);
    // A cluster that is sent again warms again, and Envoy does not ask for its endpoints a second time.
    const endpoints = this.#subscriptions.get(eds);
    for (const { endpoints: name } of response.resources) if (name !== undefined) endpoints?.push(name);
  }

  #busy(...types: readonly string[]): boolean {
    return types.some(typeUrl => this.#subscriptions.get(typeUrl)?.busy ?? false);
  }

  #obstructed(...types: readonly string[]): boolean {
    return types.some(typeUrl => this.#subscriptions.get(typeUrl)?.obstructed ?? false);
  }
}

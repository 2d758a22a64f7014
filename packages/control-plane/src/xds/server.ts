/**
 * Serves snapshots to sidecars over gRPC: what comes in is a snapshot per node id, what goes out is Envoy's aggregated
 * discovery service, delta variant. It must not know what the resources mean, nor where snapshots come from.
 */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer as createTlsServer, type SecureContextOptions } from 'node:tls';
import { Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { DeltaStream } from './delta.ts';
import { type DeltaRequest, decodeDeltaRequest, encodeDeltaResponse } from './delta-wire.ts';
import { Node, type NodeStatus } from './node.ts';
import type { Snapshot } from './snapshot.ts';
import type { Delivery, Rejection } from './stream.ts';

/** Told what happens; each method may be absent. None of them may throw. */
export interface XdsObserver {
  connected?(event: { readonly node: string; readonly address: string }): void;
  disconnected?(event: { readonly node: string; readonly address: string }): void;
  /** A stream was refused, because what it claims to be is not what its socket proves, or it says nothing. */
  refused?(event: { readonly address: string; readonly claimed: string | undefined; readonly reason: string }): void;
  sent?(event: Delivery & { readonly node: string }): void;
  acknowledged?(event: Delivery & { readonly node: string }): void;
  rejected?(event: Rejection & { readonly node: string }): void;
  /** Whether the sidecar is connected, or in sync, has changed: also without news, when it comes back. */
  moved?(event: { readonly node: string }): void;
  /** The sidecar has acknowledged all of this snapshot: once a snapshot, at once where it changes nothing. */
  synced?(event: { readonly node: string; readonly snapshot: Snapshot }): void;
}

/** Where to listen. */
export type XdsAddress =
  /** A Unix socket that only one node can reach: it proves who connects. A stale file in its place is replaced. */
  | { readonly path: string; readonly node: string }
  /** Loopback TCP in plain text, for benches and tests: any node id is believed. Port 0 picks a free one. */
  | { readonly port: number }
  | SecureXdsAddress;

/** TCP with TLS, for sidecars on other machines: each stream proves whose it is, whatever node id it claims. */
export interface SecureXdsAddress {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly certificate: ServerCertificate;
  readonly authenticate: Authenticate;
  /** Takes what puts another certificate in the place of this one. */
  readonly onCertificate?: (replace: (certificate: ServerCertificate) => void) => void;
}

/** What a server shows, as PEM. */
export interface ServerCertificate {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** The id of the node that a stream belongs to, by its `authorization` header; or why it is nobody's. Does not reject. */
export type Authenticate = (authorization: string | undefined) => Promise<Admittance>;

/** Whose a stream is. `retryable`: another try may be let in. */
export type Admittance = { readonly node: string } | { readonly refusal: string; readonly retryable?: boolean };

/** An address that is being listened on. */
export interface XdsListening {
  /** `unix:/path` or `127.0.0.1:port`. */
  readonly address: string;
  /** Ends its streams and gives the address up. */
  close(): void;
}

type Call = ServerDuplexStream<DeltaRequest, Buffer>;

const service = {
  deltaAggregatedResources: {
    path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    requestStream: true,
    responseStream: true,
    requestDeserialize: decodeDeltaRequest,
    requestSerialize: (): Buffer => Buffer.alloc(0),
    responseSerialize: (bytes: Buffer): Buffer => bytes,
    responseDeserialize: (bytes: Buffer): Buffer => bytes,
  },
} as const;

/** An EDS request of a sidecar with 50,000 clusters exceeds grpc-js's default of 4 MB. */
const options = {
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
};

/** Holds what each node is to have, and serves it on any number of addresses. */
export class XdsServer {
  readonly #observer: XdsObserver;
  readonly #now: () => Date;
  readonly #nodes = new Map<string, Node>();
  readonly #listening = new Set<XdsListening>();
  #ended = false;

  /** @param deps `now`: default the system's clock */
  constructor({ observer = {}, now = () => new Date() }: { observer?: XdsObserver; now?: () => Date } = {}) {
    this.#observer = observer;
    this.#now = now;
  }

  /**
   * Begins to listen.
   * @throws Error where the address is taken, or the path is too long for a Unix socket (107 bytes)
   */
  async listen(at: XdsAddress): Promise<XdsListening> {
    if ('authenticate' in at) return await this.#listenSecurely(at);
    const server = new Server(options);
    const proof = 'path' in at ? { id: at.node, isSure: false } : undefined;
    let address = 'path' in at ? `unix:${at.path}` : `127.0.0.1:${at.port}`;
    server.addService(service, { deltaAggregatedResources: (call: Call) => this.#serve(call, address, proof) });
    if ('path' in at) await rm(at.path, { force: true });
    const port = await bind(server, address);
    if ('port' in at) address = `127.0.0.1:${port}`;
    return this.#opened(address, () => server.forceShutdown());
  }

  async #listenSecurely(at: SecureXdsAddress): Promise<XdsListening> {
    const { host, authenticate, onCertificate } = at;
    const server = new Server(options);
    let address = host;
    const admit = (call: Call): Promise<void> => this.#admit(call, address, authenticate);
    server.addService(service, { deltaAggregatedResources: (call: Call) => void admit(call) });
    // TLS ends before gRPC, whose own credentials can't be exchanged.
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const sockets = createTlsServer({ ...contextOf(at.certificate), ALPNProtocols: ['h2'] }, socket =>
      injector.injectConnection(socket),
    );
    sockets.listen(at.port, host);
    await once(sockets, 'listening');
    onCertificate?.(certificate => sockets.setSecureContext(contextOf(certificate)));
    const bound = sockets.address();
    address = `${host}:${typeof bound === 'object' && bound !== null ? bound.port : at.port}`;
    return this.#opened(address, () => {
      sockets.close();
      server.forceShutdown();
    });
  }

  #opened(address: string, end: () => void): XdsListening {
    const listening: XdsListening = {
      address,
      close: () => {
        this.#listening.delete(listening);
        end();
      },
    };
    this.#listening.add(listening);
    if (this.#ended) listening.close();
    return listening;
  }

  /** Nothing of a stream is read before it is known whose it is. */
  async #admit(call: Call, address: string, authenticate: Authenticate): Promise<void> {
    // A stream that breaks off meanwhile is nobody's; without a listener it would be an uncaught error.
    call.on('error', () => {});
    const [authorization] = call.metadata.get('authorization');
    const admittance = await authenticate(typeof authorization === 'string' ? authorization : undefined);
    if (call.cancelled) return;
    if ('node' in admittance) {
      this.#serve(call, address, { id: admittance.node, isSure: true });
      return;
    }
    const { refusal: reason, retryable = false } = admittance;
    this.#observer.refused?.({ address, claimed: undefined, reason });
    refuse(call, retryable ? status.UNAVAILABLE : status.UNAUTHENTICATED, reason);
  }

  /** Serves until the signal aborts; then every stream ends and every address is given up, also one that is just being taken. */
  async run(signal: AbortSignal): Promise<void> {
    await aborted(signal);
    this.#ended = true;
    for (const listening of this.#listening) listening.close();
  }

  /**
   * Says what a node is to have from now on. It may connect before or after.
   * @returns whether this differs from what was published before
   * @throws Error when two groups disagree on a resource; what was published before stays in force
   */
  publish(nodeId: string, snapshot: Snapshot): boolean {
    return this.#node(nodeId).publish(snapshot);
  }

  /** Drops a node that is no more, and ends its streams. */
  forget(nodeId: string): void {
    const node = this.#nodes.get(nodeId);
    this.#nodes.delete(nodeId);
    node?.end();
  }

  /** Every node that has a snapshot or is connected, in order of appearance. */
  status(): readonly NodeStatus[] {
    return Array.from(this.#nodes.values(), node => node.status());
  }

  /** What each node has acknowledged as a whole last. */
  *acknowledged(): Generator<Snapshot> {
    for (const { acknowledged } of this.#nodes.values()) if (acknowledged !== undefined) yield acknowledged;
  }

  /** How far one node has got; `undefined` for one that has neither snapshot nor stream. */
  statusOf(nodeId: string): NodeStatus | undefined {
    return this.#nodes.get(nodeId)?.status();
  }

  /** Whether a node has acknowledged all that it is to have. */
  isInSync(nodeId: string): boolean {
    return this.#nodes.get(nodeId)?.inSync ?? false;
  }

  #node(id: string): Node {
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = new Node(id, this.#now, {
        synced: snapshot => this.#observer.synced?.({ node: id, snapshot }),
        moved: () => this.#observer.moved?.({ node: id }),
      });
      this.#nodes.set(id, node);
    }
    return node;
  }

  /** A stream is nobody's until its first request has said whose it is. */
  #serve(call: Call, address: string, proven: Proof | undefined): void {
    let session: Session | undefined;
    call.on('data', (request: DeltaRequest) => {
      try {
        session ??= this.#open(call, request, { address, proven });
        session?.receive(request);
      } catch (error) {
        refuse(call, status.INTERNAL, error instanceof Error ? error.message : String(error));
      }
    });
    const close = (): void => {
      session?.close();
      session = undefined;
    };
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('cancelled', close);
    call.on('error', close);
    call.on('close', close);
  }

  #open(call: Call, first: DeltaRequest, from: { address: string; proven: Proof | undefined }): Session | undefined {
    const { address, proven } = from;
    const claimed = first.nodeId;
    const id = proven?.id ?? claimed;
    if (!id || (claimed !== undefined && claimed !== id && proven?.isSure !== true)) {
      const reason = id
        ? `this socket belongs to node "${id}", not to "${claimed}"`
        : 'the first request names no node';
      this.#observer.refused?.({ address, claimed, reason });
      refuse(call, id ? status.PERMISSION_DENIED : status.INVALID_ARGUMENT, reason);
      return undefined;
    }
    const node = this.#node(id);
    const stream = new DeltaStream(node.index, response => call.write(encodeDeltaResponse(response)), {
      sent: event => this.#observer.sent?.({ ...event, node: id }),
      acknowledged: event => this.#observer.acknowledged?.({ ...event, node: id }),
      rejected: event => this.#observer.rejected?.({ ...event, node: id }),
    });
    this.#observer.connected?.({ node: id, address });
    node.open(stream, () => refuse(call, status.UNAVAILABLE, `node "${id}" is no more`));
    return {
      receive: request => {
        stream.receive(request);
        node.review();
      },
      close: () => {
        node.close(stream);
        if (node.idle) this.#nodes.delete(id);
        this.#observer.disconnected?.({ node: id, address });
      },
    };
  }
}

function contextOf({ certificatePem, privateKeyPem }: ServerCertificate): SecureContextOptions {
  return { cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.3' };
}

/** Whose a stream is, as its way proves; where that is sure nothing is gained by claiming otherwise. */
interface Proof {
  readonly id: string;
  readonly isSure: boolean;
}

/** A stream whose node is known. */
interface Session {
  receive(request: DeltaRequest): void;
  close(): void;
}

function refuse(call: Call, code: status, details: string): void {
  call.emit('error', { code, details });
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

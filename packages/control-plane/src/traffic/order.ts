/** What the program that makes calls inside a pod is told, and what it reports: one JSON value a line each. */

/** A call to make. */
export interface CallOrder {
  /** Comes back in the report. */
  readonly id: number;
  /** A name that the pod can resolve, or an address. */
  readonly host: string;
  readonly port: number;
  /** `http`: HTTP/1.1; `h2`: HTTP/2 without TLS; `grpc`: that, with an empty message. */
  readonly protocol: 'http' | 'h2' | 'grpc' | 'tcp';
  /** As it is to stand on the wire; ignored for TCP, as are path and headers. */
  readonly method: string;
  readonly path: string;
  /** In order, repeated ones kept. Without `host` among them it is host and port. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly times: number;
  /** Milliseconds for one exchange, connecting included. */
  readonly timeout: number;
}

/**
 * How one exchange ended: with an answer; without one, the connection being closed or reset; by waiting in vain; or before
 * it began, there being no such name or nothing that takes connections.
 */
export type ExchangeEnd = 'answered' | 'closed' | 'reset' | 'timeout' | 'unreachable';

/** What came of one exchange. */
export interface Exchange {
  readonly end: ExchangeEnd;
  /** Of HTTP, also where gRPC says it in its own way (see `mesh-answer.ts`); null for TCP and where no answer came. */
  readonly status: number | null;
  readonly grpcStatus: number | null;
  /** Whether the mesh itself answered, not an application. */
  readonly byMesh: boolean;
  /** Who answered, in the answer's own words; null where it doesn't say. */
  readonly responder: string | null;
  /** Why there is no answer. */
  readonly detail: string | null;
}

/** Exchanges of a call that ended alike. */
export interface ExchangeCount extends Exchange {
  readonly count: number;
}

/** What came of all exchanges of a call. After several in a row that waited in vain the rest is not tried. */
export interface CallReport {
  readonly id: number;
  readonly exchanges: readonly ExchangeCount[];
}

/** An exchange without an answer. */
export function unanswered(end: Exclude<ExchangeEnd, 'answered'>, detail: string): Exchange {
  return { end, status: null, grpcStatus: null, byMesh: false, responder: null, detail };
}

/** What the mesh tells an application about itself and the services that it calls, as read from its file. */
export interface RuntimeConfig {
  readonly version: 1;
  /** SPIFFE ID of the application; empty where there is no mesh. */
  readonly identity: string;
  readonly mode: Mode;
  /** A sidecar keeps timeouts and repeats requests already: `fetch` leaves repetitions to it, so that they don't multiply. */
  readonly sidecar: boolean;
  /** Milliseconds a request may take where no route covers it; `undefined`: any time. */
  readonly timeout: number | undefined;
  /** How requests are repeated that no route covers; `undefined`: not at all. */
  readonly retries: RetryPolicy | undefined;
  /** In the order in which they are matched. */
  readonly routes: readonly Route[];
}

/** How the mesh treats the application's traffic now. */
export interface Mode {
  readonly mtls: 'strict' | 'permissive';
  readonly policy: 'enforce' | 'audit' | 'allow-all';
}

/** A class of requests to one service, with what is in force for them: defaults of the file are filled in. */
export interface Route {
  readonly name: string;
  /** Host name of the service, in any of its forms. */
  readonly service: string;
  /** RE2 that matches the whole path without query; `undefined`: any path. */
  readonly pathRegex: string | undefined;
  /** Empty: all methods. */
  readonly methods: readonly string[];
  /** Milliseconds a request may take, body and repetitions included; `undefined`: any time. */
  readonly timeout: number | undefined;
  /** `undefined`: requests are not repeated. */
  readonly retries: RetryPolicy | undefined;
  /** How the mesh shares these requests out; empty: no split. The sidecar does it, so this is for the application to show. */
  readonly split: readonly WeightedService[];
}

/** One backend of a split. */
export interface WeightedService {
  readonly service: string;
  /** Relative to the other weights. */
  readonly weight: number;
}

/** When and how often a request is repeated. */
export interface RetryPolicy {
  /** Repetitions after the first try, at most. */
  readonly attempts: number;
  /** Milliseconds until a try without an answer is given up; `undefined`: only the timeout of the request counts. */
  readonly perTryTimeout: number | undefined;
  readonly retryOn: readonly RetryOn[];
}

/** A kind of failure, or a status. */
export type RetryOn = RetryCondition | number;

/** The kinds of failures after which Envoy repeats requests, by its names. */
export const retryConditions = [
  '5xx',
  'gateway-error',
  'connect-failure',
  'refused-stream',
  'reset',
  'retriable-4xx',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
] as const;

/**
 * A kind of failure, as Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on` define it. The last five are statuses of gRPC:
 * read and kept, but without effect on `fetch`, which speaks no gRPC.
 */
export type RetryCondition = (typeof retryConditions)[number];

/** What is in force where there is no mesh: no route, no timeout, no repetition. */
export const standaloneConfig: RuntimeConfig = {
  version: 1,
  identity: '',
  mode: { mtls: 'permissive', policy: 'allow-all' },
  sidecar: false,
  timeout: undefined,
  retries: undefined,
  routes: [],
};

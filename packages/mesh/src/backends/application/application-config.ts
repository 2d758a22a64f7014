/**
 * What the mesh tells an application about itself and the Services that it may call: the content of the file that
 * `SMI_CONFIG_PATH` names, as @heddle/runtime reads it. Times are written as Go writes them.
 */
export interface ApplicationConfig {
  readonly version: 1;
  /** SPIFFE ID of the application. */
  readonly identity: string;
  readonly mode: { readonly mtls: 'strict' | 'permissive'; readonly policy: 'enforce' | 'audit' | 'allow-all' };
  /** A sidecar keeps the timeouts and repeats the requests already, so the application is not to repeat them as well. */
  readonly sidecar: true;
  /** By Service, in order; of one Service the first that fits a request counts. */
  readonly routes: readonly ApplicationRoute[];
}

/** Requests of one kind to one Service. */
export interface ApplicationRoute {
  readonly name: string;
  /** Fully qualified. */
  readonly service: string;
  /** RE2, for the whole path; absent: any. */
  readonly pathRegex?: string;
  /** Absent: all. */
  readonly methods?: readonly string[];
  readonly timeout?: string;
  readonly retries?: ApplicationRetries;
  /** How the sidecar shares these requests; absent: not at all. */
  readonly split?: readonly { readonly service: string; readonly weight: number }[];
}

/** How the requests of a route are repeated. */
export interface ApplicationRetries {
  readonly attempts: number;
  readonly perTryTimeout?: string;
  /** Envoy's words, and statuses. */
  readonly retryOn: readonly (string | number)[];
}

// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.
import type { KubeObject, ObjectMeta, ObjectStatus } from '../object.ts';

/** How the mesh as a whole behaves. There is one, named `mesh`; what it does not say has its default. */
export interface MeshConfig extends KubeObject {
  readonly apiVersion: 'heddle.dev/v1alpha1';
  readonly kind: 'MeshConfig';
  readonly metadata: ObjectMeta;
  /** What differs from the defaults. */
  readonly spec?: MeshConfigSpec;
  readonly status?: ObjectStatus;
}

/** What differs from the defaults. */
export interface MeshConfigSpec {
  /** Of every SPIFFE ID that the mesh issues (I1). */
  readonly trustDomain?: string;
  /** The DNS suffix of Services: `name.ns.svc.<cluster domain>` (H1). */
  readonly clusterDomain?: string;
  /** `permissive` takes plain text beside the mesh’s mutual TLS; such a caller has no identity (I2). */
  readonly mtls?: 'strict' | 'permissive';
  /** `audit` lets through what `enforce` denies, and counts and logs it; `allow-all` asks no TrafficTarget (I3). */
  readonly policy?: 'enforce' | 'audit' | 'allow-all';
  /** Traffic to addresses outside the mesh (H4). */
  readonly egress?: 'allow' | 'deny';
  /** What of a path, without its query, a `pathRegex` of an HTTPRouteGroup must match: all of it, or its start (T6). */
  readonly pathRegexAnchor?: 'full' | 'start';
  /** The certificates of workloads. */
  readonly certificates?: CertificateSettings;
  /** What sidecars write down of the calls that they carry. */
  readonly accessLog?: AccessLogSettings;
  /** The sidecars themselves. */
  readonly sidecar?: SidecarSettings;
  /** When a caller’s sidecar leaves out an endpoint that fails. */
  readonly outlierDetection?: OutlierDetectionSettings;
  /** What one sidecar sends to one Service at most at a time; what is above gets 503. */
  readonly limits?: LimitSettings;
}

/** The certificates of workloads. */
export interface CertificateSettings {
  /**
   * How long a certificate is valid; it is renewed between half and two thirds of that. Those that are valid longer
   * than a new lifetime are replaced at once.
   */
  readonly lifetime?: string;
}

/** What sidecars write down of the calls that they carry. */
export interface AccessLogSettings {
  /** `all`: every request and connection; `denied`: those that policy denies, or would under `enforce`; `off`: none. */
  readonly mode?: 'off' | 'denied' | 'all';
}

/** The sidecars themselves. */
export interface SidecarSettings {
  /** What sidecars write into their own log; on Kubernetes those that start from then on. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';
}

/** When a caller’s sidecar leaves out an endpoint that fails. */
export interface OutlierDetectionSettings {
  /**
   * Failures in a row after which an endpoint is left out: 502, 503, 504, and connections that fail or break; not 500,
   * which is an application’s answer to one request. 0: never.
   */
  readonly consecutiveFailures?: number;
  /** How often it is looked whether endpoints come back. */
  readonly interval?: string;
  /** For how long an endpoint is left out, times how often it was. */
  readonly ejectionTime?: string;
  /** How much of a Service’s endpoints is left out at most; the only one of a Service never is. */
  readonly maxEjectionPercent?: number;
}

/** What one sidecar sends to one Service at most at a time; what is above gets 503. */
export interface LimitSettings {
  /** Open connections. */
  readonly connections?: number;
  /** Requests that wait for a connection. */
  readonly pendingRequests?: number;
  /** Requests under way. */
  readonly requests?: number;
}

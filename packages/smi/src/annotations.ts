/** Annotations by which people tell Heddle what to do with a Namespace, a pod or a Service. */
export const annotations = {
  /** Of a Namespace or pod: overrides `mtls` of MeshConfig. */
  mtls: 'heddle.dev/mtls',
  /** Of a Namespace or pod: overrides `policy`. */
  policy: 'heddle.dev/policy',
  /** Of a Namespace or pod: overrides `egress`. */
  egress: 'heddle.dev/egress',
  /** Of a Namespace or pod: overrides `accessLog.mode`. */
  accessLog: 'heddle.dev/access-log',
  /** Of a Namespace or pod: overrides `sidecar.logLevel`. */
  sidecarLogLevel: 'heddle.dev/sidecar-log-level',
  /** Of a pod: `false` or `disabled` leaves it without a sidecar. */
  inject: 'heddle.dev/inject',
  /** Of a Namespace or pod: `enabled` gives containers the mesh's configuration as a file. */
  appConfig: 'heddle.dev/app-config',
  /** Of a Service: `true` shows it at the front door. */
  expose: 'heddle.dev/expose',
} as const;

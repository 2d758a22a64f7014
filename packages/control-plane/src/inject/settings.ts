/** What the sidecars of a mesh have in common; every value is settled by who installs or configures the mesh. */
export interface InjectionSettings {
  /** Namespaces are enrolled in the mesh of this name. */
  readonly meshName: string;
  /** Where Heddle itself runs. */
  readonly systemNamespace: string;
  /** Namespaces whose pods are left alone whatever they say. */
  readonly ignoredNamespaces: readonly string[];
  /** An image with Envoy as its entry point. */
  readonly sidecarImage: string;
  /** An image with `sh`, `iptables-restore` and `ip6tables-restore`. */
  readonly initImage: string;
  readonly imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** Whether the API server has containers that start before the others and end after them (Kubernetes 1.29). */
  readonly nativeSidecars: boolean;
  readonly logLevel: LogLevel;
  /** Threads of a sidecar that take connections. */
  readonly concurrency: number;
  readonly resources: SidecarResources;
  /** Seconds for which a sidecar that is no native one goes on when its pod is to end. */
  readonly drainSeconds: number;
  /** The DNS name of the control plane, fully qualified, and the port of its discovery service. */
  readonly controlPlane: { readonly host: string; readonly serverName: string; readonly port: number };
  /** Whom tokens of sidecars are for. */
  readonly tokenAudience: string;
  /** DNS servers of the cluster, where known: what they are asked over TCP is left alone. */
  readonly dnsServers?: readonly string[];
  /** For every pod, besides what the pod says itself. */
  readonly excludeInboundPorts?: readonly number[];
  readonly excludeOutboundPorts?: readonly number[];
  readonly excludeOutboundCidrs?: readonly string[];
  /** Of Heddle; noted on the pod. */
  readonly version: string;
}

/** How much a sidecar says of itself, as Envoy calls it. */
export type LogLevel = (typeof logLevels)[number];

/** Envoy's levels. */
export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

/** Kubernetes quantities. */
export interface SidecarResources {
  readonly requests?: Readonly<Partial<Record<'cpu' | 'memory', string>>>;
  readonly limits?: Readonly<Partial<Record<'cpu' | 'memory', string>>>;
}

/** The settings that nobody changed; `version` is Heddle's. */
export function defaultInjection(version: string): InjectionSettings {
  const serverName = 'mesh-controller.heddle-system.svc';
  return {
    meshName: 'heddle',
    systemNamespace: 'heddle-system',
    ignoredNamespaces: ['kube-system', 'kube-public', 'kube-node-lease'],
    sidecarImage: 'docker.io/envoyproxy/envoy:v1.40.0',
    initImage: `ghcr.io/heddle/heddle-init:${version}`,
    nativeSidecars: true,
    logLevel: 'warning',
    concurrency: 2,
    resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '512Mi' } },
    drainSeconds: 10,
    controlPlane: { host: `${serverName}.cluster.local`, serverName, port: 15_012 },
    tokenAudience: 'heddle',
    version,
  };
}

/**
 * The two values of the local node: the pods that somebody wants, and what became of them. Both are plain JSON, close to
 * Kubernetes' PodSpec and PodStatus, so that a kubelet-like caller can fill the one and read the other.
 */

/** A pod that is to run: everything is resolved by the caller (addresses, content of volumes, field references). */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  /** Replaces the pod when it changes, as a new object of the same name does. */
  readonly uid?: string;
  /** What its programs take for the name of their machine; by default its own name. */
  readonly hostname?: string;
  /** IPv4 address inside the node's pod network, e.g. `10.244.0.7`; no two pods share one. */
  readonly ip: string;
  /** May be empty where a sidecar is all there is. */
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  /** Default `Always`. */
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  /** From SIGTERM to SIGKILL; default 30 as in Kubernetes. */
  readonly terminationGracePeriodSeconds?: number;
  /** None: a pod outside the mesh. */
  readonly sidecar?: Sidecar | null;
}

/** A process of a pod. The image is not known here: command and arguments run on the host's file system. */
export interface Container {
  readonly name: string;
  /** Program and first arguments, e.g. `["node", "server.mjs"]`; found through the container's PATH. */
  readonly command: readonly string[];
  readonly args?: readonly string[];
  /** In order; `$(NAME)` refers to earlier ones. A `valueFrom` is resolved by the caller. */
  readonly env?: readonly EnvVar[];
  /** Default `/`. */
  readonly workingDir?: string;
  readonly volumeMounts?: readonly VolumeMount[];
  /** Names of ports, which probes may use. */
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
}

/** An environment variable. */
export interface EnvVar {
  readonly name: string;
  readonly value: string;
}

/** Where a container sees a volume. */
export interface VolumeMount {
  /** Name of a volume of the pod. */
  readonly name: string;
  /** Absolute; need not exist on the host. */
  readonly mountPath: string;
  /** One entry of the volume in place of all; as in Kubernetes it does not follow later changes of the content. */
  readonly subPath?: string;
  readonly readOnly?: boolean;
}

/** What a volume holds: the content itself, an empty directory, or a directory of the host. */
export type Volume = { readonly name: string } & (
  | { readonly files: Readonly<Record<string, VolumeFile>> }
  | { readonly emptyDir: true }
  | { readonly hostPath: string }
);

/** A file of a ConfigMap, Secret or projected volume, under its path inside the volume. */
export interface VolumeFile {
  /** Base64. */
  readonly data: string;
  /** Permission bits; default 0o644. */
  readonly mode?: number;
}

/** Kubernetes' Probe with its defaults: period 10 s, timeout 1 s, thresholds 3 and 1, no initial delay. */
export interface Probe {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number | string;
    readonly scheme?: 'HTTP' | 'HTTPS';
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly port: number | string };
  readonly exec?: { readonly command: readonly string[] };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
}

/** The Envoy of a pod. */
export interface Sidecar {
  /** `sidecar~<pod IP>~<pod>.<namespace>~<anything>`. */
  readonly nodeId: string;
  /** What its connections give as their caller's name. */
  readonly caller: string;
  /** Path of the Envoy executable on the host. */
  readonly envoy: string;
  /**
   * Directory of the host in which the control plane makes this pod's own socket `xds.sock`; no other pod sees it. It is
   * the directory that the pod shares, so that the socket may go and come again while the pod runs. Made when missing.
   */
  readonly xdsDirectory: string;
  /** Directory of the host that appears in the pod as `/run/heddle/shared`, writable: for listeners on Unix sockets. */
  readonly sharedDirectory?: string;
  /** What is redirected to the sidecar; null: nothing (the front door). Default: everything. */
  readonly interception?: PodInterception | null;
  /** Start the containers once the sidecar is ready; default true. */
  readonly holdApplication?: boolean;
  /** Envoy's log level, which changes while it runs; default `warning`. */
  readonly logLevel?: string;
}

/** What a pod keeps away from its sidecar, as its annotations say. */
export interface PodInterception {
  readonly excludeInboundPorts?: readonly number[];
  readonly excludeOutboundPorts?: readonly number[];
  readonly excludeOutboundCidrs?: readonly string[];
}

/** `Succeeded` and `Failed` are for pods that are not to be restarted. */
export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Terminating';

/** What became of a pod. */
export interface PodStatus {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly phase: PodPhase;
  /** All containers and the sidecar are ready. */
  readonly ready: boolean;
  readonly containers: readonly ContainerStatus[];
  readonly sidecar: SidecarStatus | null;
  /** Process id of the pod's init in the node's PID namespace; absent until its namespaces stand. */
  readonly pid?: number;
  /** Why it can't run, in a sentence. */
  readonly message?: string;
  /** When phase or readiness last changed (RFC 3339). */
  readonly since: string;
}

/** `waiting` is before the first start and between restarts. */
export type ContainerState = 'waiting' | 'running' | 'terminated';

/** What became of a container. */
export interface ContainerStatus {
  readonly name: string;
  readonly state: ContainerState;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly lastExit?: ContainerExit;
}

/** How a container last ended: a code, or the signal that killed it. */
export interface ContainerExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly at: string;
  /** What brought it about when the node did, e.g. a failed liveness probe. */
  readonly reason?: string;
}

/** What became of a sidecar. */
export interface SidecarStatus {
  readonly state: ContainerState;
  readonly ready: boolean;
  /** Envoy's version, once it answered. */
  readonly version: string | null;
  /** Unix socket of its administration interface, for the host. */
  readonly adminSocket: string;
  readonly restartCount: number;
  readonly lastExit?: ContainerExit;
}

/** One line of the status stream. */
export type StatusEvent =
  | { readonly type: 'state'; readonly pods: readonly PodStatus[] }
  | { readonly type: 'changed'; readonly pod: PodStatus }
  | { readonly type: 'removed'; readonly namespace: string; readonly name: string };

/** The key of a pod: `namespace/name`. */
export function podKey(pod: { readonly namespace: string; readonly name: string }): string {
  return `${pod.namespace}/${pod.name}`;
}

/**
 * What a pod of the mesh has besides what it was written with: the sidecar, what leads traffic to it, and their volumes. Pure.
 *
 * The sidecar is Envoy itself, without a process around it: its bootstrap is an argument, in which kubelet puts the pod's own
 * address and name, and it reads its token and whom to trust from files that kubelet keeps current.
 */
import { sidecarBootstrap, xdsSecretNames } from '../sidecar/bootstrap.ts';
import { envoyFlags } from '../sidecar/envoy-flags.ts';
import { type OwnProbe, ownListeners, ownPorts } from '../sidecar/own-listeners.ts';
import type { JsonRecord } from '../sources/record.ts';
import type { PodChoices } from './pod-choices.ts';
import { added } from './pod-to-inject.ts';
import type { InjectionSettings } from './settings.ts';

/** The user and group that a sidecar runs as; nothing else in a pod may. */
export const sidecarUser = 1337;

/** Where the sidecar finds its token and whom to trust. */
const identityFolder = '/var/run/heddle';
const runFolder = '/run/heddle';

/** The ConfigMap, in every namespace of the mesh, with what sidecars need to trust and to be trusted by the control plane. */
export const identityConfigMap = 'heddle-identity';

/**
 * What that ConfigMap holds: the roots of the mesh, and for Envoy where they and the token are.
 * @param trustBundlePem the roots, one after the other
 */
export function identityFiles(trustBundlePem: string): Readonly<Record<string, string>> {
  const watchedDirectory = { path: identityFolder };
  return {
    'ca.crt': trustBundlePem,
    'token.json': sdsFile(xdsSecretNames.token, {
      genericSecret: { secret: { filename: `${identityFolder}/token`, watchedDirectory } },
    }),
    'trust.json': sdsFile(xdsSecretNames.trust, {
      validationContext: { trustedCa: { filename: `${identityFolder}/ca.crt` }, watchedDirectory },
    }),
  };
}

function sdsFile(name: string, content: object): string {
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
  return JSON.stringify({ resources: [{ '@type': type, name, ...content }] });
}

/** The container with Envoy. */
export function sidecarContainer(
  settings: InjectionSettings,
  choices: PodChoices,
  probes: readonly OwnProbe[],
): JsonRecord {
  const ready = { httpGet: { path: '/ready', port: ownPorts.ready }, timeoutSeconds: 1 };
  return {
    name: added.sidecar,
    image: choices.image ?? settings.sidecarImage,
    ...(settings.imagePullPolicy !== undefined && { imagePullPolicy: settings.imagePullPolicy }),
    command: ['envoy'],
    args: [
      '--config-yaml',
      bootstrapArgument(settings, probes),
      '--concurrency',
      String(settings.concurrency),
      ...envoyFlags,
      '--log-level',
      choices.logLevel ?? settings.logLevel,
    ],
    env: [
      fieldOfPod('POD_IP', 'status.podIP'),
      fieldOfPod('POD_NAME', 'metadata.name'),
      fieldOfPod('POD_NAMESPACE', 'metadata.namespace'),
      fieldOfPod('POD_SERVICE_ACCOUNT', 'spec.serviceAccountName'),
    ],
    ports: [{ name: 'heddle-metrics', containerPort: ownPorts.metrics, protocol: 'TCP' }],
    resources: choices.resources,
    ...(settings.nativeSidecars
      ? { restartPolicy: 'Always', startupProbe: { ...ready, periodSeconds: 1, failureThreshold: 600 } }
      : // Until then calls that are under way come to their end.
        { lifecycle: { preStop: { exec: { command: ['sleep', String(settings.drainSeconds)] } } } }),
    readinessProbe: { ...ready, periodSeconds: settings.nativeSidecars ? 5 : 1 },
    securityContext: {
      runAsUser: sidecarUser,
      runAsGroup: sidecarUser,
      runAsNonRoot: true,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    volumeMounts: [
      { name: added.identity, mountPath: identityFolder, readOnly: true },
      { name: added.run, mountPath: runFolder },
    ],
  };
}

function fieldOfPod(name: string, fieldPath: string): JsonRecord {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** Kubelet replaces `$(NAME)` in arguments, and `$$` by `$`: what a pod wrote itself must come through as it is. */
function bootstrapArgument({ controlPlane }: InjectionSettings, probes: readonly OwnProbe[]): string {
  const admin = { pipe: `${runFolder}/admin.sock` };
  const own = probes.map(probe => {
    if (probe.kind === 'grpc') return probe;
    const path = literal(probe.path);
    return probe.kind === 'tcp' ? { ...probe, path } : { ...probe, path, target: literal(probe.target) };
  });
  return JSON.stringify(
    sidecarBootstrap({
      nodeId: 'sidecar~$(POD_IP)~$(POD_NAME).$(POD_NAMESPACE)~kubernetes',
      nodeCluster: '$(POD_NAMESPACE)/$(POD_NAME)',
      // Names of Kubernetes are host names: nothing of them needs to be spelt otherwise.
      caller: '$(POD_SERVICE_ACCOUNT).$(POD_NAMESPACE)',
      admin,
      xds: { address: controlPlane.host, port: controlPlane.port },
      xdsSecurity: {
        serverName: controlPlane.serverName,
        trustFile: `${identityFolder}/trust.json`,
        tokenFile: `${identityFolder}/token.json`,
      },
      statics: ownListeners({ address: '$(POD_IP)', admin, probes: own }),
    }),
  );
}

function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** Puts the rules in force; a pod without any IPv6 address needs none for it, and where they fail the pod doesn't start. */
const script = [
  'set -e',
  'printf %s "$IPV4_RULES" | iptables-restore -w 5',
  'if [ -s /proc/net/if_inet6 ]; then printf %s "$IPV6_RULES" | ip6tables-restore -w 5; fi',
].join('\n');

/** The container that leads the pod's traffic to the sidecar before anything else of it runs. */
export function interceptionContainer(
  settings: InjectionSettings,
  rules: { readonly ipv4: string; readonly ipv6: string },
): JsonRecord {
  return {
    name: added.init,
    image: settings.initImage,
    ...(settings.imagePullPolicy !== undefined && { imagePullPolicy: settings.imagePullPolicy }),
    command: ['sh', '-c', script],
    env: [
      { name: 'IPV4_RULES', value: rules.ipv4 },
      { name: 'IPV6_RULES', value: rules.ipv6 },
    ],
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
    // The one part of a pod that needs more than any program: the rules are the kernel's.
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // iptables has its lock there.
    volumeMounts: [{ name: added.run, mountPath: '/run' }],
  };
}

/** Volumes of the sidecar. The token is for the control plane alone, and of this pod alone. */
export function sidecarVolumes({ tokenAudience }: InjectionSettings): readonly JsonRecord[] {
  return [
    { name: added.run, emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
    {
      name: added.identity,
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', audience: tokenAudience, expirationSeconds: 3600 } },
          {
            configMap: {
              name: identityConfigMap,
              items: Object.keys(identityFiles('')).map(key => ({ key, path: key })),
            },
          },
        ],
      },
    },
  ];
}

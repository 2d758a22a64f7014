/**
 * Makes a pod one of the mesh: a pod in, the pod with its sidecar out, or why it stays as it is, or why it can't be let in. The
 * webhook and `heddle inject` share it. Pure: it must not know the cluster, nor what the mesh will make of the pod.
 */

import { applicationConfigMap, applicationFile } from '../sidecar/application-file.ts';
import { ownPorts } from '../sidecar/own-listeners.ts';
import { type JsonRecord, recordOf } from '../sources/record.ts';
import { annotationProblems } from './annotations.ts';
import { decideInjection, type Whereabouts } from './decide-injection.ts';
import { rewriteProbes } from './own-probes.ts';
import { type PodChoices, podChoices, podRules } from './pod-choices.ts';
import { added, containersIn, injectedAnnotation, type PodToInject, recordsIn, textsIn } from './pod-to-inject.ts';
import type { InjectionSettings } from './settings.ts';
import { interceptionContainer, sidecarContainer, sidecarUser, sidecarVolumes } from './sidecar-container.ts';

/** What became of a pod. */
export type Injection =
  | { readonly kind: 'injected'; readonly pod: PodToInject }
  /** `isWorthSaying`: who made the pod would expect otherwise. */
  | { readonly kind: 'left'; readonly why: string; readonly isWorthSaying?: boolean }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** Injects a pod, whatever else is in it: what injection does not look at stays as it is. Doing it again changes nothing. */
export function injectPod(pod: PodToInject, where: Whereabouts, settings: InjectionSettings): Injection {
  const texts = textsIn(pod.metadata['annotations']);
  const decision = decideInjection(pod, where, settings);
  if (!decision.inject) {
    const { why, isWorthSaying = false } = decision;
    return { kind: 'left', why, ...(isWorthSaying && { isWorthSaying }) };
  }
  // A pod that says something unreadable is not guessed at: it may have meant to stay out, or to open less.
  const problems = [...annotationProblems(texts), ...conflictsOf(pod)];
  if (problems.length > 0) return { kind: 'refused', problems };
  return {
    kind: 'injected',
    pod: injected(pod, podChoices(texts, where.marks?.annotations ?? {}, settings), settings),
  };
}

function injected({ metadata, spec }: PodToInject, choices: PodChoices, settings: InjectionSettings): PodToInject {
  const early = rewriteProbes(recordsIn(spec['initContainers']));
  const { containers, probes } = rewriteProbes(recordsIn(spec['containers']), early.probes);
  const texts = textsIn(metadata['annotations']);
  const grpcPorts = probes.flatMap(probe => (probe.kind === 'grpc' ? [probe.listen] : []));
  const sidecar = sidecarContainer(settings, choices, probes);
  const init = choices.intercepted ? [interceptionContainer(settings, podRules(texts, settings, grpcPorts))] : [];
  const configured = choices.appConfig ? withAppConfig : (container: JsonRecord): JsonRecord => container;
  const initContainers = settings.nativeSidecars
    ? [...init, sidecar, ...early.containers.map(configured)]
    : // Without a sidecar yet, what is intercepted leads nowhere: the pod's own come first.
      [...early.containers.map(configured), ...init];
  return {
    metadata: {
      ...metadata,
      annotations: {
        // The sidecar comes first there; what people want to see is the application.
        ...(!settings.nativeSidecars && { [defaultContainer]: containers[0]?.['name'] }),
        ...recordOf(metadata['annotations']),
        [injectedAnnotation]: settings.version,
      },
    },
    spec: {
      ...spec,
      ...(initContainers.length > 0 && { initContainers }),
      containers: [...(settings.nativeSidecars ? [] : [sidecar]), ...containers.map(configured)],
      volumes: [
        ...recordsIn(spec['volumes']),
        ...sidecarVolumes(settings),
        ...(choices.appConfig ? [appConfigVolume(spec)] : []),
      ],
    },
  };
}

/** Which container `kubectl logs` and `kubectl exec` take unless told. */
const defaultContainer = 'kubectl.kubernetes.io/default-container';

/** Optional, so that a pod starts before the mesh has made its configuration; kubelet brings it once it is there. */
function appConfigVolume({ serviceAccountName }: JsonRecord): JsonRecord {
  const account = typeof serviceAccountName === 'string' && serviceAccountName !== '' ? serviceAccountName : 'default';
  return { name: added.appConfig, configMap: { name: applicationConfigMap(account), optional: true } };
}

function withAppConfig(container: JsonRecord): JsonRecord {
  const { variable, folder, name: file } = applicationFile;
  const env = recordsIn(container['env']);
  if (env.some(({ name }) => name === variable)) return container;
  return {
    ...container,
    env: [...env, { name: variable, value: `${folder}/${file}` }],
    volumeMounts: [
      ...recordsIn(container['volumeMounts']),
      { name: added.appConfig, mountPath: folder, readOnly: true },
    ],
  };
}

const reserved: readonly string[] = Object.values(added);
const ownPortNumbers: readonly number[] = [...Object.values(ownPorts), 15_001, 15_006];

/** What of a pod can't be together with a sidecar. */
function conflictsOf(pod: PodToInject): readonly string[] {
  const containers = containersIn(pod);
  const volumes = recordsIn(pod.spec['volumes']);
  const names = [...containers, ...volumes].map(({ name }) => String(name)).filter(name => reserved.includes(name));
  const ports = containers.flatMap(({ ports: listed }) => recordsIn(listed).map(({ containerPort }) => containerPort));
  const taken = ports.filter(port => ownPortNumbers.includes(port as number));
  const users = [pod.spec, ...containers].map(({ securityContext }) => recordOf(securityContext)['runAsUser']);
  return [
    ...names.map(name => `The name ${name} is that of a part of the sidecar; rename the container or volume.`),
    ...taken.map(port => `Port ${String(port)} is one of the sidecar's; use another.`),
    ...(users.includes(sidecarUser)
      ? [`The user ${sidecarUser} is the sidecar's: what runs as it would not be intercepted; use another.`]
      : []),
  ];
}

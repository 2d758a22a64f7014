/** Whether a pod is to have a sidecar. Pure. */
import type { JsonRecord } from '../sources/record.ts';
import { no, textOf, yes } from './annotations.ts';
import { isInjected, type NamespaceMarks, type PodToInject, recordsIn, textsIn } from './pod-to-inject.ts';
import type { InjectionSettings } from './settings.ts';

/** The label by which a namespace is enrolled: its value is the name of the mesh. */
export const enrolmentLabel = 'heddle.dev/mesh';
/** The same, of Open Service Mesh. */
export const formerEnrolmentLabel = 'openservicemesh.io/monitored-by';
/** A label of namespaces that Open Service Mesh leaves alone. */
export const formerIgnoreLabel = 'openservicemesh.io/ignore';

/** The answer, with why not. `isWorthSaying`: who made the pod would expect otherwise. */
export type Decision =
  | { readonly inject: true }
  | { readonly inject: false; readonly why: string; readonly isWorthSaying?: boolean };

/** A pod in the namespace of this name; no marks: it is taken to be enrolled. */
export interface Whereabouts {
  readonly namespace: string;
  readonly marks?: NamespaceMarks;
}

/** Decides; the nearest word counts: the pod’s, the namespace’s, that the namespace is enrolled. */
export function decideInjection(pod: PodToInject, where: Whereabouts, settings: InjectionSettings): Decision {
  if (isInjected(pod)) return left('it has a sidecar already');
  const reason = impossible(pod, where, settings);
  if (reason !== undefined) return reason;
  const own = { ...textsIn(pod.metadata['labels']), ...textsIn(pod.metadata['annotations']) };
  const { labels = {}, annotations = {} } = where.marks ?? {};
  const word = textOf(own, 'inject') ?? textOf(annotations, 'inject');
  if (word !== undefined && no.includes(word)) return left('it, or its namespace, is annotated not to be injected');
  if (labels[formerIgnoreLabel] === 'true') return left('its namespace is to be ignored');
  if (where.marks === undefined || labels[enrolmentLabel] === settings.meshName) return { inject: true };
  // Open Service Mesh injects only where somebody says so.
  if (labels[formerEnrolmentLabel] !== settings.meshName) return left('its namespace is not in the mesh');
  return word !== undefined && yes.includes(word)
    ? { inject: true }
    : left('neither it nor its namespace is annotated to be injected');
}

function impossible(
  { metadata, spec }: PodToInject,
  where: Whereabouts,
  settings: InjectionSettings,
): Decision | undefined {
  if (spec['hostNetwork'] === true) return left('it is in the network of its node');
  const { namespace } = where;
  if (namespace === settings.systemNamespace || settings.ignoredNamespaces.includes(namespace)) {
    return left(`pods of ${namespace} are left alone`);
  }
  if (isWindows(spec)) return left('it runs on Windows');
  const isOfJob = recordsIn(metadata['ownerReferences']).some(({ kind }) => kind === 'Job');
  if (isOfJob && !settings.nativeSidecars) {
    const why = 'this version of Kubernetes would never see its Job complete; it is outside the mesh';
    return { inject: false, why, isWorthSaying: true };
  }
  return undefined;
}

function isWindows({ os, nodeSelector }: JsonRecord): boolean {
  return textsIn(os)['name'] === 'windows' || textsIn(nodeSelector)['kubernetes.io/os'] === 'windows';
}

function left(why: string): Decision {
  return { inject: false, why };
}

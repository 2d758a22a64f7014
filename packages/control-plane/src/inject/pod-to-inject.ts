/** A pod as injection reads it: the JSON of its object, with the parts that are looked at named. */
import { applicationFile } from '../sidecar/application-file.ts';
import { isRecord, type JsonRecord, recordOf } from '../sources/record.ts';

/** A pod, or the template of pods, before anybody has checked it. */
export interface PodToInject {
  readonly metadata: JsonRecord;
  readonly spec: JsonRecord;
}

/** What a namespace says of the pods in it. */
export interface NamespaceMarks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Names of containers and volumes that injection adds. */
export const added = {
  sidecar: 'heddle-sidecar',
  init: 'heddle-init',
  identity: 'heddle-identity',
  run: 'heddle-run',
  appConfig: applicationFile.volume,
} as const;

/** The annotation that an injected pod has; its value is the version of Heddle. */
export const injectedAnnotation = 'heddle.dev/injected';

/** A map of texts; what is no text in it is left out. */
export function textsIn(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(recordOf(value));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** The maps of a list. */
export function recordsIn(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** All containers of a pod, those that run first included. */
export function containersIn({ spec }: PodToInject): readonly JsonRecord[] {
  return [...recordsIn(spec['initContainers']), ...recordsIn(spec['containers'])];
}

/** Whether injection has been here. */
export function isInjected(pod: PodToInject): boolean {
  return (
    textsIn(pod.metadata['annotations'])[injectedAnnotation] !== undefined &&
    containersIn(pod).some(({ name }) => name === added.sidecar)
  );
}

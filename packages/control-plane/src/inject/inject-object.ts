/** Injection of whole manifests: an object in, the object with the pods that it makes injected out. Pure. */
import { isRecord, type JsonRecord, recordOf } from '../sources/record.ts';
import { type Injection, injectPod } from './inject-pod.ts';
import type { InjectionSettings } from './settings.ts';

/** What became of an object; absent: it makes no pods. */
export interface ObjectInjection {
  /** With the sidecar where it was injected; as it was otherwise. */
  readonly object: JsonRecord;
  readonly injection: Injection;
}

/** Where the template of a kind's pods is, from the object on. */
const templates: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/** Injects what an object makes pods from; its namespace is taken to be in the mesh, as nobody is asked. */
export function injectObject(object: JsonRecord, settings: InjectionSettings): ObjectInjection | undefined {
  const { kind, metadata } = object;
  const path = typeof kind === 'string' && Object.hasOwn(templates, kind) ? templates[kind] : undefined;
  if (path === undefined) return undefined;
  const template = path.reduce<JsonRecord>((part, field) => recordOf(part[field]), object);
  const own = recordOf(template['metadata']);
  // The Job that a pod will belong to is not there yet.
  const isOfJob = path.length > 0 && (kind === 'Job' || kind === 'CronJob');
  const owned = isOfJob ? { ...own, ownerReferences: [{ kind: 'Job' }] } : own;
  const { namespace = 'default' } = recordOf(metadata);
  const pod = { metadata: owned, spec: recordOf(template['spec']) };
  const injection = injectPod(pod, { namespace: String(namespace) }, settings);
  if (injection.kind !== 'injected') return { object, injection };
  const { ownerReferences: _, ...made } = injection.pod.metadata;
  const injected = { ...template, metadata: isOfJob ? made : injection.pod.metadata, spec: injection.pod.spec };
  return { object: replaced(object, path, injected), injection };
}

function replaced(object: JsonRecord, [field, ...rest]: readonly string[], value: JsonRecord): JsonRecord {
  if (field === undefined) return { ...object, ...value };
  const part = object[field];
  return { ...object, [field]: replaced(isRecord(part) ? part : {}, rest, value) };
}

import { dirname, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readPod } from '@heddle/mesh';
import { type FieldPath, type KubeObject, refOf, type SourceObject } from '@heddle/smi';
import type { AddressBook } from './addresses.ts';
import { stringMapProblem } from './read-object.ts';
import { isRecord, type JsonRecord, recordOf } from './record.ts';
import { type PodEnd, type Replica, replicasOf } from './replicas.ts';

/** Whether a pod is ready; `undefined` where nobody knows, which counts as ready: one-shot commands run no pods. */
export type Readiness = (namespace: string, name: string) => boolean | undefined;

/** What a pod gets that no manifest says. */
export interface PodCircumstances {
  readonly addresses: AddressBook;
  readonly readiness?: Readiness;
  /** How a pod ended that is not started again; by default none has. */
  readonly endOf?: (namespace: string, name: string) => PodEnd | undefined;
}

/** Why an object can't stand for pods. */
export interface TemplateProblem {
  readonly path: FieldPath;
  readonly message: string;
}

/** The most pods of one object; more is a slip of the keyboard on one machine. */
const maxReplicas = 10_000;

/** What keeps a Deployment, StatefulSet, DaemonSet or Job from standing for pods: what the API server would refuse of it. */
export function templateProblem({ object }: SourceObject): TemplateProblem | undefined {
  const spec = recordOf(object['spec']);
  const count = countProblem(object.kind, spec);
  if (count !== undefined) return count;
  const template = recordOf(spec['template']);
  const containers = recordOf(template['spec'])['containers'];
  if (!Array.isArray(containers) || containers.length === 0 || !containers.every(isRecord)) {
    return {
      path: ['spec', 'template', 'spec', 'containers'],
      message: 'The pod template must have a list of containers.',
    };
  }
  const metadata = recordOf(template['metadata']);
  for (const field of ['labels', 'annotations'] as const) {
    const problem = stringMapProblem(metadata[field], ['spec', 'template', 'metadata', field]);
    if (problem !== undefined) return { path: problem.field, message: problem.message };
  }
  return (
    selectorProblem(object.kind, spec, recordOf(metadata['labels'])) ??
    restartProblem(object.kind, template) ??
    podProblem(object, template)
  );
}

const counts: Readonly<Record<string, readonly (readonly string[])[]>> = {
  Deployment: [['replicas']],
  StatefulSet: [['replicas'], ['ordinals', 'start']],
  Job: [['parallelism'], ['completions']],
};

function countProblem(kind: string, spec: JsonRecord): TemplateProblem | undefined {
  for (const path of counts[kind] ?? []) {
    const count = path.reduce<unknown>((value, field) => recordOf(value)[field], spec) ?? 1;
    if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= maxReplicas) continue;
    const message = `spec.${path.join('.')} must be a whole number from 0 to ${maxReplicas}.`;
    return { path: ['spec', ...path], message };
  }
  return undefined;
}

/** A Job comes to an end, its pods do not begin again for ever. */
function restartProblem(kind: string, template: JsonRecord): TemplateProblem | undefined {
  const policy = recordOf(template['spec'])['restartPolicy'];
  if (kind !== 'Job' || policy === 'Never' || policy === 'OnFailure') return undefined;
  const message = "A Job's pods run to an end: their restartPolicy must be Never or OnFailure.";
  return { path: ['spec', 'template', 'spec', 'restartPolicy'], message };
}

/** What the mesh can't read of a pod is said of its template once, not of every replica. */
function podProblem({ metadata: { name } }: KubeObject, template: JsonRecord): TemplateProblem | undefined {
  const [problem] = readPod({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: template['spec'] }).violations;
  return problem && { path: ['spec', 'template', ...problem.path], message: problem.message };
}

function selectorProblem(kind: string, spec: JsonRecord, labels: JsonRecord): TemplateProblem | undefined {
  // A Job's is made for it.
  if (kind === 'Job') return undefined;
  const wanted = recordOf(recordOf(spec['selector'])['matchLabels']);
  const missed = Object.entries(wanted).find(([key, value]) => labels[key] !== value);
  if (missed === undefined) return undefined;
  const [key, value] = missed;
  return {
    path: ['spec', 'selector', 'matchLabels', key],
    message: `The selector asks for ${key}: ${JSON.stringify(value)}, which the labels of the pod template do not have: make them the same.`,
  };
}

interface MadePod {
  readonly status: JsonRecord;
  readonly pod: SourceObject;
}

/**
 * Makes Pods from the objects that stand for them, as their controllers would: owned by the object, with an address, a phase
 * and a condition `Ready`. A pod is the same JavaScript object as long as its owner, address, readiness and end are.
 */
export class PodMaker {
  readonly #circumstances: PodCircumstances;
  readonly #made = new WeakMap<SourceObject, Map<string, MadePod>>();

  constructor(circumstances: PodCircumstances) {
    this.#circumstances = circumstances;
  }

  /** The pods of a Deployment, StatefulSet, DaemonSet or Job that has no `templateProblem`. */
  podsOf(owner: SourceObject): readonly SourceObject[] {
    const { namespace } = refOf(owner.object);
    const replicas = replicasOf(owner.object, name => this.#circumstances.endOf?.(namespace, name));
    return replicas.map(replica =>
      this.#make(owner, { namespace, name: replica.name }, status => podOf(owner, replica, status)),
    );
  }

  /**
   * A Pod as it was written. One that has no status, as people write them, gets an address and a condition; a relative
   * `workingDir` becomes absolute. Otherwise it is the same JavaScript object.
   */
  pod(source: SourceObject): SourceObject {
    const { object } = source;
    const { namespace, name } = refOf(object);
    if (Object.keys(recordOf(object['status'])).length > 0) {
      return withAbsoluteFolders(source, this.#made);
    }
    return this.#make(source, { namespace, name }, status => ({
      object: { ...object, spec: absoluteFolders(object['spec'], folderOf(source)), status },
      locate: path => source.locate?.(path),
    }));
  }

  #make(
    source: SourceObject,
    { namespace, name }: { namespace: string; name: string },
    make: (status: JsonRecord) => SourceObject,
  ): SourceObject {
    const address = this.#circumstances.addresses.pod(namespace, name);
    const ready = this.#circumstances.readiness?.(namespace, name) ?? true;
    const status = statusOf(address, ready, this.#circumstances.endOf?.(namespace, name));
    const made = this.#made.get(source) ?? new Map<string, MadePod>();
    this.#made.set(source, made);
    const known = made.get(name);
    if (known !== undefined && isDeepStrictEqual(known.status, status)) return known.pod;
    const pod = make(status);
    made.set(name, { status, pod });
    return pod;
  }
}

function withAbsoluteFolders(source: SourceObject, made: WeakMap<SourceObject, Map<string, MadePod>>): SourceObject {
  const { object } = source;
  const known = made.get(source)?.get('');
  if (known !== undefined) return known.pod;
  const spec = absoluteFolders(object['spec'], folderOf(source));
  const pod =
    spec === object['spec']
      ? source
      : { object: { ...object, spec }, locate: (path: FieldPath) => source.locate?.(path) };
  made.set(source, new Map([['', { status: {}, pod }]]));
  return pod;
}

function podOf(owner: SourceObject, replica: Replica, status: JsonRecord): SourceObject {
  const { object } = owner;
  const template = withoutNulls(recordOf(recordOf(recordOf(object['spec'])['template'])['metadata']));
  const { uid } = object.metadata;
  const metadata = {
    ...template,
    ...(replica.labels && { labels: { ...recordOf(template['labels']), ...replica.labels } }),
    ...(replica.annotations && { annotations: { ...recordOf(template['annotations']), ...replica.annotations } }),
    name: replica.name,
    namespace: refOf(object).namespace,
    ownerReferences: [
      {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        ...(uid !== undefined && { uid }),
        controller: true,
      },
    ],
  };
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata as KubeObject['metadata'],
    spec: absoluteFolders(replica.spec, folderOf(owner)),
    status,
  };
  return { object: pod, locate: path => owner.locate?.(pathInOwner(path)) };
}

/** Where a field of a pod was written: in the template, but for what the owner's own metadata give. */
function pathInOwner(path: FieldPath): FieldPath {
  const [top, field] = path;
  if (top === undefined) return [];
  if (top === 'metadata')
    return field === 'labels' || field === 'annotations'
      ? ['spec', 'template', ...path]
      : ['metadata', ...(field === 'namespace' || field === 'name' ? [field] : [])];
  return top === 'spec' ? ['spec', 'template', ...path] : ['spec', 'template'];
}

function statusOf(address: string, ready: boolean, end: PodEnd | undefined): JsonRecord {
  return {
    phase: end ?? 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: [{ type: 'Ready', status: ready && end === undefined ? 'True' : 'False' }],
  };
}

/** A pod, or what makes pods, with the `workingDir` of containers taken from the folder of its manifest, as here all are absolute. */
export function withOwnFolders(source: SourceObject): KubeObject {
  const { object } = source;
  const folder = folderOf(source);
  if (object.kind === 'Pod') return { ...object, spec: absoluteFolders(object['spec'], folder) };
  const spec = recordOf(object['spec']);
  const template = spec['template'];
  if (!isRecord(template)) return object;
  return { ...object, spec: { ...spec, template: { ...template, spec: absoluteFolders(template['spec'], folder) } } };
}

function folderOf(source: SourceObject): string {
  const file = source.locate?.([])?.file;
  return resolve(file === undefined ? '.' : dirname(file));
}

/** A pod's spec with the `workingDir` of its containers taken from a folder; the same object if all are absolute. */
function absoluteFolders(spec: unknown, folder: string): unknown {
  if (!isRecord(spec)) return spec;
  const changes: Record<string, unknown> = {};
  for (const field of ['initContainers', 'containers'] as const) {
    const containers = spec[field];
    if (!Array.isArray(containers)) continue;
    const absolute = containers.map((container: unknown) => absoluteFolder(container, folder));
    if (absolute.some((container, index) => container !== containers[index])) changes[field] = absolute;
  }
  return Object.keys(changes).length === 0 ? spec : { ...spec, ...changes };
}

function absoluteFolder(container: unknown, folder: string): unknown {
  if (!isRecord(container)) return container;
  const { workingDir } = container;
  if (typeof workingDir !== 'string' || workingDir === '' || workingDir.startsWith('/')) return container;
  return { ...container, workingDir: resolve(folder, workingDir) };
}

function withoutNulls(record: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}

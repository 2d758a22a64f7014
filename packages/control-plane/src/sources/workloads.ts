import { dirname, resolve } from 'node:path';
import { readPod } from '@heddle/mesh';
import { type FieldPath, type KubeObject, refOf, type SourceObject } from '@heddle/smi';
import type { AddressBook } from './addresses.ts';
import { stringMapProblem } from './read-object.ts';
import { isRecord, type JsonRecord, recordOf } from './record.ts';

/** Whether a pod is ready; `undefined` where nobody knows, which counts as ready: one-shot commands run no pods. */
export type Readiness = (namespace: string, name: string) => boolean | undefined;

/** What a pod gets that no manifest says. */
export interface PodCircumstances {
  readonly addresses: AddressBook;
  readonly readiness?: Readiness;
}

/** Why a Deployment can't stand for pods. */
export interface DeploymentProblem {
  readonly path: FieldPath;
  readonly message: string;
}

/** The most replicas of one Deployment; more is a slip of the keyboard on one machine. */
const maxReplicas = 10_000;

/** What keeps a Deployment from standing for pods: what the API server would refuse of it. */
export function deploymentProblem({ object }: SourceObject): DeploymentProblem | undefined {
  const spec = recordOf(object['spec']);
  const replicas = spec['replicas'] ?? 1;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0 || replicas > maxReplicas) {
    return { path: ['spec', 'replicas'], message: `spec.replicas must be a whole number from 0 to ${maxReplicas}.` };
  }
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
  return selectorProblem(spec, recordOf(metadata['labels'])) ?? podProblem(object, template);
}

/** What the mesh can't read of a pod is said of its template once, not of every replica. */
function podProblem({ metadata: { name } }: KubeObject, template: JsonRecord): DeploymentProblem | undefined {
  const [problem] = readPod({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: template['spec'] }).violations;
  return problem && { path: ['spec', 'template', ...problem.path], message: problem.message };
}

function selectorProblem(spec: JsonRecord, labels: JsonRecord): DeploymentProblem | undefined {
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
  readonly ready: boolean;
  readonly address: string;
  readonly pod: SourceObject;
}

/**
 * Makes Pods from Deployments, as their ReplicaSets would: `<deployment>-<n>` from 0, owned by the Deployment, with an
 * address and a condition `Ready`. A pod is the same JavaScript object as long as its Deployment, address and readiness are.
 */
export class PodMaker {
  readonly #circumstances: PodCircumstances;
  readonly #made = new WeakMap<SourceObject, Map<string, MadePod>>();

  constructor(circumstances: PodCircumstances) {
    this.#circumstances = circumstances;
  }

  /** The pods of a Deployment that has no `deploymentProblem`. */
  podsOf(deployment: SourceObject): readonly SourceObject[] {
    const { namespace, name } = refOf(deployment.object);
    const replicas = Number(recordOf(deployment.object['spec'])['replicas'] ?? 1);
    return Array.from({ length: replicas }, (_, index) =>
      this.#make(deployment, { namespace, name: `${name}-${index}` }, status =>
        podOf(deployment, `${name}-${index}`, status),
      ),
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
    const made = this.#made.get(source) ?? new Map<string, MadePod>();
    this.#made.set(source, made);
    const known = made.get(name);
    if (known?.ready === ready && known.address === address) return known.pod;
    const pod = make(statusOf(address, ready));
    made.set(name, { ready, address, pod });
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
  made.set(source, new Map([['', { ready: true, address: '', pod }]]));
  return pod;
}

function podOf(deployment: SourceObject, name: string, status: JsonRecord): SourceObject {
  const { object } = deployment;
  const template = recordOf(recordOf(object['spec'])['template']);
  const { uid } = object.metadata;
  const metadata = {
    ...withoutNulls(recordOf(template['metadata'])),
    name,
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
    metadata,
    spec: absoluteFolders(template['spec'], folderOf(deployment)),
    status,
  };
  return { object: pod, locate: path => deployment.locate?.(pathInDeployment(path)) };
}

/** Where a field of a pod was written: in the template, but for what the Deployment's own metadata give. */
function pathInDeployment(path: FieldPath): FieldPath {
  const [top, field] = path;
  if (top === undefined) return [];
  if (top === 'metadata')
    return field === 'labels' || field === 'annotations'
      ? ['spec', 'template', ...path]
      : ['metadata', ...(field === 'namespace' || field === 'name' ? [field] : [])];
  return top === 'spec' ? ['spec', 'template', ...path] : ['spec', 'template'];
}

function statusOf(address: string, ready: boolean): JsonRecord {
  return {
    phase: 'Running',
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  };
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

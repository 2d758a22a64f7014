/** The pods that an object of the cluster stands for: how many, how they are called, what each has of its own. Pure. */
import type { KubeObject } from '@heddle/smi';
import { isRecord, type JsonRecord, recordOf } from './record.ts';

/** Kinds whose pods are made from a template. */
export type TemplatedKind = 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Job';

/** How a pod that is not started again has ended. */
export type PodEnd = 'Succeeded' | 'Failed';

/** One pod of a template, before it has an address. */
export interface Replica {
  readonly name: string;
  /** Beside those of the template. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Beside those of the template. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** The template's spec with what this pod alone has. */
  readonly spec: unknown;
}

const templated: ReadonlySet<string> = new Set<TemplatedKind>(['Deployment', 'StatefulSet', 'DaemonSet', 'Job']);

/** Whether a kind's pods are made from a template. */
export function isTemplatedKind(kind: string): kind is TemplatedKind {
  return templated.has(kind);
}

/**
 * The pods of an object: `<name>-<n>` from 0. A StatefulSet's bear their names for good and are known to DNS by them (its pods
 * start all at once, as `podManagementPolicy: Parallel` has it, and each claim for a volume is an empty one); a DaemonSet has one pod, this
 * machine being the only node; a Job has one for each completion, at most `parallelism` of them at a time, and one that has ended is
 * not made again.
 */
export function replicasOf(object: KubeObject, endOf: (pod: string) => PodEnd | undefined): readonly Replica[] {
  const { name } = object.metadata;
  const spec = recordOf(object['spec']);
  const template = recordOf(spec['template'])['spec'];
  switch (object.kind) {
    case 'StatefulSet':
      return namesOf(name, spec['replicas'] ?? 1, recordOf(spec['ordinals'])['start'] ?? 0).map(pod =>
        statefulReplica(pod, spec, template),
      );
    case 'DaemonSet':
      return [{ name: `${name}-0`, spec: template }];
    case 'Job':
      return jobReplicas(name, spec, endOf);
    default:
      return namesOf(name, spec['replicas'] ?? 1).map(pod => ({ name: pod, spec: template }));
  }
}

function namesOf(name: string, count: unknown, start: unknown = 0): string[] {
  return Array.from({ length: Number(count) }, (_, index) => `${name}-${Number(start) + index}`);
}

function statefulReplica(pod: string, { serviceName, volumeClaimTemplates }: JsonRecord, template: unknown): Replica {
  const claims = (Array.isArray(volumeClaimTemplates) ? volumeClaimTemplates : []).flatMap((claim: unknown) => {
    const { name } = recordOf(recordOf(claim)['metadata']);
    return typeof name === 'string' ? [{ name, persistentVolumeClaim: { claimName: `${name}-${pod}` } }] : [];
  });
  const { volumes } = recordOf(template);
  return {
    name: pod,
    labels: {
      'statefulset.kubernetes.io/pod-name': pod,
      'apps.kubernetes.io/pod-index': pod.slice(pod.lastIndexOf('-') + 1),
    },
    spec: {
      ...recordOf(template),
      hostname: pod,
      ...(typeof serviceName === 'string' && serviceName !== '' && { subdomain: serviceName }),
      ...(claims.length > 0 && { volumes: [...(Array.isArray(volumes) ? volumes : []), ...claims] }),
    },
  };
}

function jobReplicas(name: string, spec: JsonRecord, endOf: (pod: string) => PodEnd | undefined): readonly Replica[] {
  const parallelism = Number(spec['parallelism'] ?? 1);
  const completions = Number(spec['completions'] ?? parallelism);
  const isIndexed = spec['completionMode'] === 'Indexed';
  const template = recordOf(spec['template'])['spec'];
  let running = spec['suspend'] === true ? parallelism : 0;
  return namesOf(name, completions).flatMap((pod, index): Replica[] => {
    if (endOf(pod) === undefined) {
      if (running >= parallelism) return [];
      running += 1;
    }
    const labels = { 'job-name': name, 'batch.kubernetes.io/job-name': name };
    if (!isIndexed) return [{ name: pod, labels, spec: template }];
    const mark = { 'batch.kubernetes.io/job-completion-index': String(index) };
    return [{ name: pod, labels: { ...labels, ...mark }, annotations: mark, spec: withIndex(template, index) }];
  });
}

/** Containers of an indexed Job are told which of its completions they are. */
function withIndex(template: unknown, index: number): unknown {
  const containers: readonly unknown[] = Array.isArray(recordOf(template)['containers'])
    ? (recordOf(template)['containers'] as readonly unknown[])
    : [];
  const variable = { name: 'JOB_COMPLETION_INDEX', value: String(index) };
  return {
    ...recordOf(template),
    containers: containers.map(container =>
      isRecord(container)
        ? { ...container, env: [...(Array.isArray(container['env']) ? container['env'] : []), variable] }
        : container,
    ),
  };
}

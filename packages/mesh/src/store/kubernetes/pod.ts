import type { KubeObject, Reader } from '@heddle/smi';
import type { Modes } from '../../model/modes.ts';
import { isObjectName, isPortName, optionalAddress, type Reading, readWith, section, transportOf } from './fields.ts';
import { type ModeMistake, readModes } from './modes.ts';

/** What the mesh reads of a Pod. */
export interface PodSpec {
  /** Absent until the pod has one. */
  readonly address: string | undefined;
  readonly serviceAccount: string;
  /** Its name in DNS, under that of the headless Service `subdomain`. */
  readonly hostname: string | undefined;
  readonly subdomain: string | undefined;
  readonly ready: boolean;
  /** Whether it has run to its end and will not begin again. */
  readonly ended: boolean;
  /** Whether a sidecar speaks for it. */
  readonly inMesh: boolean;
  readonly owner: PodOwner;
  readonly labels: Readonly<Record<string, string>>;
  /** Named container ports. */
  readonly namedPorts: ReadonlyMap<string, number>;
  /** RFC 3339; absent where nobody knows when it was made. */
  readonly created: string | undefined;
  /** Those that its annotations set (I4). */
  readonly modes: Partial<Modes>;
  readonly modeMistakes: readonly ModeMistake[];
}

/** Who made a pod: its controller, a Deployment rather than its ReplicaSet; a lone pod is its own. */
export interface PodOwner {
  readonly kind: string;
  readonly name: string;
}

/**
 * Reads a Pod; without conditions it counts as ready only if its phase is Running. One whose service account can't be read
 * has no identity, so nothing of it is in force; one whose labels can't be read is picked by no selector.
 */
export function readPod(object: KubeObject): Reading<PodSpec> {
  return readWith(object, root => {
    const [metadata, spec, status] = [section(root, 'metadata'), section(root, 'spec'), section(root, 'status')];
    const serviceAccount = readAccount(spec);
    const onHost = spec.field('hostNetwork').optionalBoolean() ?? false;
    const inject = object.metadata.annotations?.['heddle.dev/inject'];
    const namedPorts = readNamedPorts(spec);
    const address = readAddress(status);
    const phase = status.field('phase').value;
    const { modes, mistakes: modeMistakes } = readModes(object);
    if (serviceAccount === undefined) return undefined;
    return {
      address,
      serviceAccount,
      hostname: spec.field('hostname').optionalString(),
      subdomain: spec.field('subdomain').optionalString(),
      ended: phase === 'Succeeded' || phase === 'Failed',
      ready: isReady(status) && !metadata.field('deletionTimestamp').present,
      inMesh: !onHost && inject !== 'false' && inject !== 'disabled',
      owner: ownerOf(object),
      labels: metadata.field('labels').optionalStringMap() ?? {},
      namedPorts,
      created: metadata.field('creationTimestamp').optionalString(),
      modes,
      modeMistakes,
    };
  });
}

function readAccount(spec: Reader): string | undefined {
  const written = ['serviceAccountName', 'serviceAccount'].map(name => spec.field(name));
  const field = written.find(({ present, value }) => present && value !== '');
  if (field === undefined) return 'default';
  const name = field.optionalString();
  if (name === undefined || isObjectName(name)) return name;
  return field.report('InvalidField', `${JSON.stringify(name)} can not be the name of a ServiceAccount; mend it.`);
}

function readAddress(status: Reader): string | undefined {
  const own = optionalAddress(status.field('podIP'));
  for (const item of status.field('podIPs').items()) optionalAddress(item.field('ip'));
  return own;
}

function isReady(status: Reader): boolean {
  const conditions = status.field('conditions').items();
  const ready = conditions.find(condition => condition.field('type').value === 'Ready');
  return ready === undefined ? status.field('phase').value === 'Running' : ready.field('status').value === 'True';
}

function readNamedPorts(spec: Reader): ReadonlyMap<string, number> {
  const ports = new Map<string, number>();
  const containers = ['initContainers', 'containers'].flatMap(field => spec.field(field).items());
  for (const item of containers.flatMap(container => container.field('ports').items())) {
    if (!item.isObject()) continue;
    const number = item.field('containerPort').requiredPort();
    const transport = transportOf(item);
    const name = readPortName(item.field('name'));
    if (number !== undefined && transport !== undefined && name !== undefined) ports.set(name, number);
  }
  return ports;
}

function readPortName(field: Reader): string | undefined {
  const name = field.optionalString();
  if (name === undefined || name === '' || isPortName(name)) return name || undefined;
  return field.report(
    'InvalidField',
    `A container's port is named with at most 15 of a-z, 0-9 and "-", a letter among them, not ${JSON.stringify(name)}.`,
  );
}

/** Labels by which controllers mark the pods of one template, and the kind that makes ReplicaSets with such a mark. */
const templateHashes: readonly (readonly [label: string, kind: string])[] = [
  ['pod-template-hash', 'Deployment'],
  ['rollouts-pod-template-hash', 'Rollout'],
];

function ownerOf({ metadata }: KubeObject): PodOwner {
  const owner = metadata.ownerReferences?.find(reference => reference.controller) ?? metadata.ownerReferences?.[0];
  // A static pod belongs to its node, as do others that have nothing in common with it.
  if (owner === undefined || owner.kind === 'Node') return { kind: 'Pod', name: metadata.name };
  for (const [label, kind] of templateHashes) {
    const hash = metadata.labels?.[label];
    if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
      return { kind, name: owner.name.slice(0, -hash.length - 1) };
    }
  }
  return { kind: owner.kind, name: owner.name };
}

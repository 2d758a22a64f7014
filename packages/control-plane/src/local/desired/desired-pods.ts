/**
 * Which pods this machine is to run. In: the objects of a cluster, completed by sources (pods for Deployments, addresses).
 * Out: pods with everything resolved, and findings. It knows nothing of processes, and of policy only who has a sidecar. Pure.
 */
import { compareFindings, type Finding } from '@heddle/mesh';
import { refOf, type SourceObject } from '@heddle/smi';
import { recordOf } from '../../sources/record.ts';
import { type Pod, podKey } from '../pod.ts';
import { asksForConfig, configVolume, withConfig } from './application-config.ts';
import { frontDoor } from './front-door.ts';
import { podContainers } from './pod-containers.ts';
import { type KnownObjects, type NodeFacts, objectKey, PodReading } from './pod-reading.ts';
import { imagePlace, sayServiceAccountMissing, sayUnhonoured } from './pod-remarks.ts';
import { isInRange, podSidecar, type SidecarPlaces } from './pod-sidecar.ts';
import { podVolumes } from './pod-volumes.ts';

/** What the objects don't say. */
export interface DesiredPodsOptions extends SidecarPlaces {
  /** Default: `local`, 10.244.0.1, one processor, 1 GiB. */
  readonly node?: NodeFacts;
  /** Range that pods' addresses must be in; default `10.244.0.0/16`. */
  readonly podCidr?: string;
  /** Whether a pod that has ended ran here: it stays on the list then, since the node remembers that it is not to run again. */
  readonly hasRun?: (pod: string) => boolean;
}

/** The pods to run, by namespace and name, and what was wrong with those that were written. */
export interface DesiredPods {
  readonly pods: readonly Pod[];
  /** Keys of those that were left out for what is wrong with them. */
  readonly refused: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

const defaultNode: NodeFacts = { name: 'local', address: '10.244.0.1', cpus: 1, memoryBytes: 1024 ** 3 };

/**
 * Makes the pods of a cluster's Pod objects. Left out, with a finding that says what to do: a pod whose ConfigMap or Secret
 * is missing, that has a container without a command, that an API server would
 * refuse, or whose address can't be had. Silently left out: the front door, and pods that have run to their end elsewhere.
 *
 * Equal input gives deeply equal output; with the same options, a pod whose objects are all the same is not read again.
 */
export function desiredPods(objects: readonly SourceObject[], options: DesiredPodsOptions): DesiredPods {
  const known: KnownObjects = new Map(
    objects.flatMap(source => {
      const { kind, namespace, name } = refOf(source.object);
      return referred.has(kind) ? [[objectKey(kind, namespace, name), source] as const] : [];
    }),
  );
  const readings = objects
    .filter(({ object }) => object.kind === 'Pod' && object.apiVersion === 'v1' && isToRun(object, options))
    .map(source => readPod(source, known, options))
    .toSorted((a, b) => compare(podKey(a.reading), podKey(b.reading)));
  const pods = readings.flatMap(({ pod }) => pod ?? []);
  const clashes = addressClashes(readings);
  return {
    pods: pods.filter(pod => !clashes.has(podKey(pod))),
    refused: new Set([...readings.flatMap(({ reading, pod }) => (pod ? [] : podKey(reading))), ...clashes.keys()]),
    findings: [...distinct(readings), ...[...clashes.values()].flat(), ...imagesIgnored(readings)].toSorted(
      compareFindings,
    ),
  };
}

const referred: ReadonlySet<string> = new Set(['ConfigMap', 'Secret', 'ServiceAccount', 'Namespace']);

interface ReadPod {
  readonly reading: PodReading;
  /** Absent where it can't run. */
  readonly pod: Pod | undefined;
}

const read = new WeakMap<DesiredPodsOptions, WeakMap<SourceObject, ReadPod>>();

function readPod(source: SourceObject, known: KnownObjects, options: DesiredPodsOptions): ReadPod {
  const before = read.get(options) ?? new WeakMap<SourceObject, ReadPod>();
  read.set(options, before);
  const last = before.get(source);
  if (last !== undefined && [...last.reading.lookedUp].every(([key, object]) => known.get(key) === object)) return last;
  const reading = new PodReading(source, known, options.node ?? defaultNode);
  const made = { reading, pod: podOf(reading, options) };
  before.set(source, made);
  return made;
}

const restartPolicies = ['Always', 'OnFailure', 'Never'] as const;

function podOf(reading: PodReading, options: DesiredPodsOptions): Pod | undefined {
  const { spec, namespace, name } = reading;
  const { uid } = reading.source.object.metadata;
  const ip = addressOf(reading, options.podCidr ?? '10.244.0.0/16');
  const written = podVolumes(reading);
  const plain = podContainers(reading, new Set(written.map(volume => volume.name)));
  const isTold = asksForConfig(reading);
  const volumes = isTold ? [...written, configVolume(reading, written)] : written;
  const containers = isTold ? plain.map(withConfig) : plain;
  const sidecar = podSidecar(reading, ip, options);
  const restartPolicy = restartPolicies.find(policy => policy === spec['restartPolicy']);
  const { terminationGracePeriodSeconds: grace, hostname } = spec;
  sayUnhonoured(reading);
  sayServiceAccountMissing(reading);
  if (!reading.runs) return undefined;
  return {
    namespace,
    name,
    ...(uid !== undefined && { uid }),
    ...(typeof hostname === 'string' && hostname !== name && { hostname }),
    ip,
    containers,
    ...(volumes.length > 0 && { volumes }),
    ...(restartPolicy !== undefined && { restartPolicy }),
    ...(typeof grace === 'number' && grace >= 0 && { terminationGracePeriodSeconds: grace }),
    sidecar,
  };
}

function addressOf(reading: PodReading, podCidr: string): string {
  const ip = recordOf(reading.source.object['status'])['podIP'];
  if (typeof ip === 'string' && isInRange(ip, podCidr)) return ip;
  const message =
    ip === undefined || ip === ''
      ? 'This pod has no address, as one that was exported before it ran: leave out its status to run it here.'
      : `The address ${JSON.stringify(ip)} is not in the range ${podCidr} of the pods here: leave out the pod's status to give it one.`;
  reading.refuse(['status', 'podIP'], message);
  return '';
}

function isToRun(object: SourceObject['object'], { hasRun }: DesiredPodsOptions): boolean {
  const { namespace, name } = refOf(object);
  const phase = recordOf(object['status'])['phase'];
  if ((phase === 'Succeeded' || phase === 'Failed') && hasRun?.(podKey({ namespace, name })) !== true) return false;
  return namespace !== frontDoor.namespace || name !== frontDoor.name;
}

/** Of two pods with one address the first by name has it: a node refuses a list that gives it to both. */
function addressClashes(readings: readonly ReadPod[]): ReadonlyMap<string, readonly Finding[]> {
  const owners = new Map<string, string>();
  const clashes = new Map<string, readonly Finding[]>();
  for (const { reading, pod } of readings) {
    if (pod === undefined) continue;
    const owner = owners.get(pod.ip);
    if (owner === undefined) {
      owners.set(pod.ip, podKey(pod));
      continue;
    }
    // A reading of its own: whether there is a clash does not depend on the objects of this pod alone.
    const remark = new PodReading(reading.source, new Map(), reading.node);
    const message = `The pod ${owner} has the address ${pod.ip} already: this one does not run.`;
    remark.refuse(['status', 'podIP'], message, 'AddressConflict');
    clashes.set(podKey(pod), remark.findings);
  }
  return clashes;
}

function imagesIgnored(readings: readonly ReadPod[]): readonly Finding[] {
  for (const { reading, pod } of readings) {
    const path = imagePlace(reading);
    if (pod === undefined || path === undefined) continue;
    const remark = new PodReading(reading.source, new Map(), reading.node);
    remark.say(
      'PodFieldNotHonoured',
      path,
      "Images are not run here: each container's command runs on this machine's own files.",
    );
    return remark.findings;
  }
  return [];
}

/** What is said once: of replicas everything that is the same, and of pods of one owner which of their fields have no effect. */
function distinct(readings: readonly ReadPod[]): Finding[] {
  const said = new Map<string, Finding>();
  for (const { reading } of readings) {
    for (const finding of reading.findings) {
      const isOfOwner = finding.reason === 'PodFieldNotHonoured';
      const key = isOfOwner ? `${reading.owner} ${finding.message}` : JSON.stringify(finding);
      if (!said.has(key)) said.set(key, finding);
    }
  }
  return [...said.values()];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

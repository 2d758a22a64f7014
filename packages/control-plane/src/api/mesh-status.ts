import {
  compareFindings,
  type EnvoyOutput,
  type Finding,
  heldObjects,
  type Modes,
  type Progress,
  type Remark,
  serviceOf,
  workloadOf,
} from '@heddle/mesh';
import { type ObjectRef, refOf } from '@heddle/smi';
import type { PassFailure } from '../failures.ts';
import type { UnreadyPod } from '../local/controller/unready-pods.ts';
import type { State } from '../loop.ts';
import type { Refusal } from '../outputs/refused-objects.ts';
import type { SidecarRef } from '../outputs/sidecar-ref.ts';
import type { NodeStatus } from '../xds/node.ts';
import { type ObjectStatus, objectStatuses } from './object-status.ts';
import { objectKey, programmedObjects } from './programmed.ts';
import type { Transitions } from './transitions.ts';

/** How the mesh is, as `heddle status` and `heddle up` show it. Plain JSON. */
export interface MeshStatus {
  /** When the controller started, RFC 3339: revisions count from there. */
  readonly since: string;
  readonly revision: number;
  /** Parts of the controller whose last pass failed; what was in force before stays. */
  readonly failing: readonly PassFailure[];
  /** What signs certificates, and what is trusted: short names of certificates, hashes of theirs. */
  readonly authority: { readonly issuer: string; readonly trusted: readonly string[] };
  readonly workloads: readonly WorkloadStatus[];
  readonly sidecars: readonly SidecarStatus[];
  /** Pods that are not ready, and why. */
  readonly unready: readonly UnreadyPod[];
  readonly objects: readonly ObjectStatus[];
  readonly exposed: readonly ExposedService[];
  readonly findings: readonly Finding[];
  /** What the controller's log says of its input, as of now. */
  readonly remarks: readonly Remark[];
  /** Where the controller tells what it counts; null where it does not. */
  readonly metrics: string | null;
  /** The last change of the input, once every sidecar that it concerns has acknowledged it; null before the first. */
  readonly lastChange: AppliedChange | null;
}

/** A change of the input that is in force. */
export interface AppliedChange {
  readonly revision: number;
  /** Objects that are new or different. */
  readonly objects: readonly ObjectRef[];
  readonly removed: readonly ObjectRef[];
  /** How many sidecars were sent something. */
  readonly sidecars: number;
  /** From the delivery of the source to the last acknowledgement. */
  readonly milliseconds: number;
}

/** A workload, and how many of its pods and sidecars are as they are to be. */
export interface WorkloadStatus {
  readonly namespace: string;
  readonly name: string;
  /** SPIFFE ID. */
  readonly identity: string;
  /** What holds for it (I4). */
  readonly modes: Pick<Modes, 'mtls' | 'policy' | 'egress'>;
  readonly pods: number;
  readonly ready: number;
  /** Sidecars that have acknowledged everything. */
  readonly inSync: number;
}

/** One sidecar: whether it is connected, and has acknowledged all that it is to have. */
export interface SidecarStatus {
  readonly namespace: string;
  readonly pod: string;
  readonly workload: string;
  readonly identity: string;
  readonly connected: boolean;
  readonly inSync: boolean;
  /** When `connected` or `inSync` last changed, RFC 3339; null for a sidecar that was never seen. */
  readonly since: string | null;
  /** What Envoy refused, in its own words. */
  readonly rejected: readonly { readonly name: string; readonly message: string }[];
}

/** A port of a Service that the front door shows. */
export interface ExposedService {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** What the state of a mesh is put together from. */
export interface MeshStatusInputs {
  readonly state: State;
  readonly failing: readonly PassFailure[];
  readonly sidecars: readonly SidecarRef[];
  readonly output: EnvoyOutput;
  readonly authority: MeshStatus['authority'];
  /** Findings about what sidecars refused. */
  readonly rejections: readonly Finding[];
  /** Versions of objects that are set aside because sidecars refused them. */
  readonly refusals: readonly Refusal[];
  readonly nodes: readonly NodeStatus[];
  /** Key of the workload that shows exposed Services; absent where there is none. */
  readonly frontDoor: string | undefined;
  readonly unready: readonly UnreadyPod[];
  readonly lastChange: AppliedChange | null;
  readonly since: Date;
  /** Remembers since when conditions hold. */
  readonly transitions: Transitions;
  readonly remarks: readonly Remark[];
  /** Whether other replicas serve sidecars, too: those that are not connected here are theirs to count. Default false. */
  readonly isOneOfMany?: boolean | undefined;
  /** URL of what the controller counts; absent where it is not served. */
  readonly metrics?: string | undefined;
}

/** Puts together what the loop published and what the sidecars said. */
export function meshStatus(inputs: MeshStatusInputs): MeshStatus {
  const { state, sidecars, nodes, failing, unready, lastChange } = inputs;
  const byNode = new Map(nodes.map(node => [node.node, node]));
  const statuses = sidecars.map(sidecar => sidecarStatus(sidecar, byNode.get(sidecar.nodeId)));
  const findings = [...state.findings(), ...inputs.rejections].toSorted(compareFindings);
  return {
    since: inputs.since.toISOString(),
    revision: state.revision,
    failing,
    authority: inputs.authority,
    workloads: workloads(state, statuses),
    sidecars: statuses,
    unready,
    objects: objectStatuses(heldObjects(state), { findings, progress: progressOf(inputs, byNode) }, inputs.transitions),
    exposed: exposed(inputs),
    findings,
    remarks: inputs.remarks,
    metrics: inputs.metrics ?? null,
    lastChange,
  };
}

/** Of a version that is set aside nobody has anything, though sidecars may have all of an older one. */
function progressOf(
  { output, sidecars, refusals, isOneOfMany }: MeshStatusInputs,
  nodes: ReadonlyMap<string, NodeStatus>,
): ReadonlyMap<string, Progress> {
  const counted = isOneOfMany === true ? sidecars.filter(({ nodeId }) => nodes.get(nodeId)?.connected) : sidecars;
  const setAside = refusals.map(
    ({ origin, concerned }) => [objectKey(refOf(origin.source.object)), { acknowledged: 0, concerned }] as const,
  );
  return new Map([...programmedObjects(output, counted, nodes), ...setAside]);
}

function sidecarStatus(sidecar: SidecarRef, node: NodeStatus | undefined): SidecarStatus {
  const { namespace, pod, workload, identity } = sidecar;
  const rejected = (node?.types ?? []).flatMap(type => type.rejected.map(({ name, message }) => ({ name, message })));
  return {
    namespace,
    pod,
    workload,
    identity,
    connected: node?.connected ?? false,
    inSync: node?.inSync ?? false,
    since: node?.since.toISOString() ?? null,
    rejected,
  };
}

function workloads(state: State, sidecars: readonly SidecarStatus[]): WorkloadStatus[] {
  const inSync = Map.groupBy(
    sidecars.filter(sidecar => sidecar.inSync),
    sidecar => sidecar.workload,
  );
  return [...state.model.namespaces.values()].flatMap(namespace =>
    [...namespace.workloads.values()].map(({ name, key, identity, modes: { mtls, policy, egress }, pods }) => ({
      namespace: namespace.name,
      name,
      identity,
      modes: { mtls, policy, egress },
      pods: pods.length,
      ready: pods.filter(pod => pod.ready).length,
      inSync: inSync.get(key)?.length ?? 0,
    })),
  );
}

/** What the front door can show: it must be let in like anybody else. */
function exposed({ state: { model }, frontDoor }: MeshStatusInputs): ExposedService[] {
  const workload = frontDoor === undefined ? undefined : workloadOf(model, frontDoor);
  return (workload?.reaches ?? []).flatMap(key => {
    const service = serviceOf(model, key);
    if (service === undefined || !service.exposed || !service.inMesh) return [];
    return service.ports
      .filter(({ protocol }) => protocol === 'http' || protocol === 'detect')
      .map(({ number }) => ({ namespace: service.namespace, name: service.name, port: number }));
  });
}

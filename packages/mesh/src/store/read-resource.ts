import {
  type KubeObject,
  kindOf,
  parse,
  refOf,
  type SourceObject,
  type TrafficSplit,
  type Violation,
} from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import { readServiceName } from '../model/service-name.ts';
import type { MeshSettings } from '../model/settings.ts';
import { readAssignedAddress, readEndpointSlice, readEndpoints } from './kubernetes/endpoints.ts';
import { readNamespace } from './kubernetes/namespace.ts';
import { readPod } from './kubernetes/pod.ts';
import { readService } from './kubernetes/service.ts';

/** What could be read of an object, and what is wrong with it. */
export interface ResourceReading {
  /** Absent when nothing of it can be in force. */
  readonly value?: unknown;
  readonly findings: readonly Finding[];
}

interface Read {
  readonly value?: unknown;
  readonly violations: readonly Violation[];
}

const readers: Readonly<Record<string, (object: KubeObject) => Read>> = {
  Namespace: readNamespace,
  ServiceAccount: () => presence,
  Service: readService,
  Pod: readPod,
  Endpoints: readEndpoints,
  EndpointSlice: readEndpointSlice,
  AssignedAddress: readAssignedAddress,
};

/** That the object is there is all that matters of it. */
const presence: Read = { value: null, violations: [] };

/**
 * Reads an object of a kind that has a table. What can't be read comes back as findings, so that a bad object never keeps
 * the others from being in force; one at which reading itself fails is refused, and says so.
 */
export function readResource(source: SourceObject, settings: MeshSettings): ResourceReading {
  try {
    return read(source, settings);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `Reading this ${source.object.kind} failed (${why}); its last good version stays in force. Check it against its documentation, and report this.`;
    return { findings: [findingAt('UnreadableObject', source, [], message)] };
  }
}

function read(source: SourceObject, settings: MeshSettings): ResourceReading {
  const { object } = source;
  if (kindOf(object.apiVersion, object.kind)?.use === 'pending') return readPending(source, settings);
  const reader = Object.hasOwn(readers, object.kind) ? readers[object.kind] : undefined;
  return reader === undefined ? readSmi(source, settings) : readingOf(source, reader(object));
}

function readingOf(source: SourceObject, { value, violations }: Read): ResourceReading {
  const findings = violations.map(({ reason, path, message }) => findingAt(reason, source, path, message));
  return value === undefined ? { findings } : { value, findings };
}

/** A kind that is read already, and of which nothing is in force yet. */
function readPending(source: SourceObject, settings: MeshSettings): ResourceReading {
  const { kind } = source.object;
  const message = `A ${kind} has no effect yet in this version of Heddle: nothing of it is in force.`;
  const { value, findings } = readSmi(source, settings);
  const finding = findingAt('NoEffectYet', source, [], message);
  return { ...(value !== undefined && { value }), findings: [...findings, finding] };
}

function readSmi(source: SourceObject, settings: MeshSettings): ResourceReading {
  const { object, violations } = parse(source.object);
  const { value, findings } = readingOf(source, { value: object, violations });
  const foreign = object?.kind === 'TrafficSplit' ? foreignRoot(object, source, settings) : [];
  return { value, findings: [...findings, ...foreign] };
}

/** A split whose root names a Service of another namespace, in any form, is refused (S4). */
function foreignRoot({ spec }: TrafficSplit, source: SourceObject, { clusterDomain }: MeshSettings): Finding[] {
  const { namespace } = refOf(source.object);
  const root = readServiceName(spec.service, namespace, clusterDomain);
  if (root.kind === 'external' || root.namespace === namespace) return [];
  const message = `A TrafficSplit speaks only for Services of its own namespace ${namespace}; move it to ${root.namespace}.`;
  return [findingAt('NamespaceMismatch', source, ['spec', 'service'], message)];
}

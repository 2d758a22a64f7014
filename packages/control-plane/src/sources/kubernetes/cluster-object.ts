import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, SourceObject } from '@heddle/smi';
import { isInjected } from '../../inject/pod-to-inject.ts';
import type { ApiObject } from '../../kube/kube-object.ts';
import { type JsonRecord, recordOf } from '../record.ts';
import type { ClusterKind } from './cluster-kinds.ts';
import { addressOfRoot } from './logical-root.ts';

/** Annotations that change on their own, or say again what the object says. */
const noise: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
]);

/** Marks a pod that no sidecar speaks for. */
const withoutSidecar = { 'heddle.dev/inject': 'disabled' };

/**
 * An object of the cluster as the mesh reads it: without what it has no use for, which is most of a Pod, and all that
 * changes without a meaning to the mesh, such as statuses of policy. A pod that was never injected is marked as outside the
 * mesh, whatever it says. One that is the same to the mesh stays the same JavaScript object.
 */
export function meshObject(object: ApiObject, kind: ClusterKind, before?: SourceObject): SourceObject {
  const read = readObject(object, kind);
  return sameOr(kind.kind === 'Pod' ? markedPod(read, object) : read, before);
}

/** The same where pods need no injection: each has the sidecar that it does not refuse. */
export function bareObject(object: ApiObject, kind: ClusterKind, before?: SourceObject): SourceObject {
  return sameOr(readObject(object, kind), before);
}

type ReadObject = JsonRecord & { readonly metadata: JsonRecord };

function readObject(object: ApiObject, kind: ClusterKind): ReadObject {
  const address = kind.kind === 'Service' ? addressOfRoot(object) : undefined;
  if (address !== undefined) return { ...address, metadata: { ...address.metadata } };
  return {
    apiVersion: object.apiVersion,
    kind: kind.kind,
    metadata: metadataOf(object),
    ...fieldsOf(object, kind),
  };
}

function sameOr(read: ReadObject, before: SourceObject | undefined): SourceObject {
  if (before !== undefined && isDeepStrictEqual(before.object, read)) return before;
  return { object: read as unknown as KubeObject };
}

function metadataOf({ metadata }: ApiObject): JsonRecord {
  const { annotations } = metadata;
  const kept = ['name', 'namespace', 'uid', 'generation', 'creationTimestamp', 'deletionTimestamp', 'labels'] as const;
  const fields = recordOf(metadata);
  const owners = fields['ownerReferences'];
  return {
    ...picked(fields, kept),
    ...(annotations && {
      annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !noise.has(key))),
    }),
    ...(owners !== undefined && { ownerReferences: owners }),
  };
}

function fieldsOf(object: ApiObject, { kind, policy }: ClusterKind): JsonRecord {
  if (policy) {
    const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...rest } = object;
    return rest;
  }
  if (kind === 'Pod') return podFields(object);
  return picked(object, ['spec', 'addressType', 'endpoints', 'ports']);
}

function podFields(object: ApiObject): JsonRecord {
  const spec = recordOf(object['spec']);
  const status = recordOf(object['status']);
  const conditions = Array.isArray(status['conditions']) ? status['conditions'].map(recordOf) : [];
  const ready = conditions
    .filter(({ type }) => type === 'Ready')
    .map(condition => picked(condition, ['type', 'status']));
  return {
    spec: {
      ...picked(spec, ['serviceAccountName', 'serviceAccount', 'hostNetwork', 'hostname', 'subdomain']),
      ...Object.fromEntries(
        ['initContainers', 'containers'].flatMap(list => {
          const containers = spec[list];
          if (!Array.isArray(containers)) return [];
          return [[list, containers.map(container => picked(recordOf(container), ['name', 'ports']))]];
        }),
      ),
    },
    status: { ...picked(status, ['phase', 'podIP', 'podIPs']), ...(ready.length > 0 && { conditions: ready }) },
  };
}

/** Whatever it says of itself: a pod that was never injected has no sidecar. */
function markedPod(read: ReadObject, object: ApiObject): ReadObject {
  if (isInjected({ metadata: recordOf(object.metadata), spec: recordOf(object['spec']) })) return read;
  const annotations = { ...recordOf(read.metadata['annotations']), ...withoutSidecar };
  return { ...read, metadata: { ...read.metadata, annotations } };
}

function picked(from: JsonRecord, names: readonly string[]): JsonRecord {
  return Object.fromEntries(names.flatMap(name => (from[name] === undefined ? [] : [[name, from[name]]])));
}

import type { Condition } from '@heddle/mesh';
import type { ObjectRef } from '@heddle/smi';
import type { ApiObject } from '../../kube/kube-object.ts';

/** An object of policy as the cluster has it: what is to be said on it, and what stands there already. */
export interface ReportedObject {
  readonly ref: ObjectRef;
  readonly uid: string | undefined;
  /** Heddle's, and those of others. */
  readonly conditions: readonly Condition[];
}

/** Reads an object that has just arrived. */
export function reportedObject(ref: ObjectRef, object: ApiObject): ReportedObject {
  const status = object['status'] as { readonly conditions?: unknown } | null | undefined;
  const conditions = Array.isArray(status?.conditions) ? (status.conditions as readonly Condition[]) : [];
  return { ref, uid: object.metadata.uid, conditions };
}

/** Names an object among all of the cluster, whatever version it is read in. */
export function reportedKey({ apiVersion, kind, namespace, name }: ObjectRef): string {
  return `${apiVersion.split('/')[0]}/${kind}/${namespace}/${name}`;
}

/** Where an object is. */
export function objectPath({ apiVersion, kind, namespace, name }: ObjectRef): string {
  const plural = `${kind.toLowerCase()}s`;
  const scope = namespace === '' ? '' : `/namespaces/${namespace}`;
  return `/apis/${apiVersion}${scope}/${plural}/${name}`;
}

import { kindOf } from './kinds.ts';

/** The part of Kubernetes' ObjectMeta that a mesh reads; other fields are kept as they came. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Who made an object, as Kubernetes notes it. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

/** Any Kubernetes object, before its kind is known. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

/** What a controller says of an object: one condition a type. */
export interface ObjectStatus {
  readonly conditions?: readonly Condition[];
}

/** One thing that is or is not so of an object, as Kubernetes' conventions have it. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/** Names an object of whatever kind, as Kubernetes' core does. */
export interface ObjectReference {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
}

/** Names one object. `namespace` is the empty string for what is cluster-scoped. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A place inside an object: `['spec', 'backends', 0, 'weight']`. */
export type FieldPath = readonly (string | number)[];

/** A place in a file. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * An object as a source delivered it. `locate` answers where a field was written (its nearest written ancestor when
 * the field itself is absent); a source without files leaves it out. The same delivery is the same JavaScript object:
 * everything downstream memoises on its identity.
 */
export interface SourceObject {
  readonly object: KubeObject;
  readonly locate?: (path: FieldPath) => SourceLocation | undefined;
}

/** Writes a path as Kubernetes does: `spec.backends[0].weight`. */
export function formatPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_][\w-]*$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

/** The reference of an object; a missing namespace is `default` unless the kind is cluster-scoped. */
export function refOf(object: KubeObject): ObjectRef {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    namespace: isOfCluster(object) ? '' : (object.metadata.namespace ?? 'default'),
    name: object.metadata.name,
  };
}

function isOfCluster({ apiVersion, kind }: KubeObject): boolean {
  return kindOf(apiVersion, kind)?.scope === 'cluster';
}

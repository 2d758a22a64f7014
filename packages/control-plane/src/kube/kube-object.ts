/** What every object of an API server has; the rest depends on its kind. */
export interface ApiObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ApiObjectMeta;
  readonly [field: string]: unknown;
}

/** The part of Kubernetes' ObjectMeta that the server fills in. */
export interface ApiObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Names an object among those of its kind. */
export function objectKey({ namespace = '', name }: Pick<ApiObjectMeta, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/**
 * Takes what only the server has a use for off an object that has just arrived: who owns which field is often larger than
 * the object.
 */
export function slim<T extends ApiObject>(object: T): T {
  if (object.metadata !== undefined) delete (object.metadata as { managedFields?: unknown }).managedFields;
  return object;
}

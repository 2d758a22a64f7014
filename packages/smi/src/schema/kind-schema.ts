import type { Fields } from './schema.ts';

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  /** 1 and more: shown with `-o wide` only. */
  readonly priority?: number;
}

/** One version of a kind. */
export interface VersionSchema {
  readonly version: string;
  readonly description: string;
  /** Its fields beside `apiVersion`, `kind`, `metadata` and `status`. */
  readonly fields: Fields;
  readonly columns?: readonly Column[];
}

/** A kind in all its versions, older first: what its TypeScript types and its CustomResourceDefinition are made from. */
export interface KindSchema {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** The version in which objects are stored; absent: served by an aggregated API, and stored nowhere. */
  readonly stored?: string;
  readonly versions: readonly VersionSchema[];
}

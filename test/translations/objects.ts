import type { Manifest } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';

/** A pod as another mesh sees it. */
export interface Place {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly port: number;
}

/** Who calls with what; no request stands for bare bytes. */
export interface Visit {
  /** Of the caller's identity. */
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of its pods. */
  readonly addresses: readonly string[];
  readonly request: Request | undefined;
}

/** A request as it arrives: normalised, header names in lower case, none twice. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
}

/** Objects of a kind in a namespace. */
export function objectsOf(manifests: readonly Manifest[], kind: string, namespace: string): KubeObject[] {
  return manifests
    .map(({ object }) => object)
    .filter(object => object.kind === kind && object.metadata.namespace === namespace);
}

/** Reads a field as whatever the test takes it for. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what it is
export function field<Value>(object: KubeObject, ...path: readonly string[]): Value | undefined {
  let value: unknown = object;
  for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step];
  return value as Value | undefined;
}

/** Whether labels have all that a selector asks for. */
export function selects(wanted: Readonly<Record<string, string>> | undefined, labels: Place['labels']): boolean {
  return Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
}

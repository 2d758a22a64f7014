import { isJsonObject } from '../json.ts';
import type { KubeObject } from '../object.ts';
import type { Violation } from './violation.ts';

/** A value that is an object of Kubernetes as far as every kind is, or why it is not. */
export type Shape = { readonly object: KubeObject } | { readonly violations: readonly Violation[] };

/** Checks what every object has: `apiVersion`, `kind`, `metadata.name`, and metadata in its form. */
export function shapeOf(value: unknown): Shape {
  const violations: Violation[] = [];
  const report = (path: readonly string[], message: string): void =>
    void violations.push({ reason: 'InvalidField', path, message });
  if (!isJsonObject(value)) {
    report([], 'An object with apiVersion, kind and metadata is expected.');
    return { violations };
  }
  for (const field of ['apiVersion', 'kind'] as const) {
    if (typeof value[field] !== 'string' || value[field] === '') report([field], `${field} is required; write it.`);
  }
  const { metadata } = value;
  if (!isJsonObject(metadata)) {
    report(['metadata'], 'metadata is required, with the name of the object; write it.');
    return { violations };
  }
  if (typeof metadata['name'] !== 'string' || metadata['name'] === '') {
    report(['metadata', 'name'], 'metadata.name is required; name the object.');
  }
  const { namespace } = metadata;
  if (namespace !== undefined && namespace !== null && typeof namespace !== 'string') {
    report(['metadata', 'namespace'], 'metadata.namespace must be a string; put it in quotes.');
  }
  for (const field of ['labels', 'annotations'] as const) {
    const map = metadata[field];
    if (map === undefined || map === null) continue;
    if (!isJsonObject(map)) report(['metadata', field], `metadata.${field} must be a map of strings.`);
    else reportTexts(map, field, report);
  }
  return violations.length > 0 ? { violations } : { object: value as unknown as KubeObject };
}

function reportTexts(
  map: Readonly<Record<string, unknown>>,
  field: string,
  report: (path: readonly string[], message: string) => void,
): void {
  for (const [name, value] of Object.entries(map)) {
    if (typeof value !== 'string') report(['metadata', field, name], `${name} must be a string; put it in quotes.`);
  }
}

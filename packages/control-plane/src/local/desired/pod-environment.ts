/** The environment variables of a container, with everything they refer to resolved. Pure. */
import type { FieldPath } from '@heddle/smi';
import { isRecord, type JsonRecord, recordOf } from '../../sources/record.ts';
import type { EnvVar } from '../pod.ts';
import type { ConfigurationKind } from './configuration.ts';
import { fieldValue, resourceValue } from './pod-field.ts';
import type { PodReading } from './pod-reading.ts';

/**
 * Resolves `envFrom`, then `env`, in this order, so that the later wins. Only a written `value` may refer to others by
 * `$(NAME)`; what comes from elsewhere is taken literally, as a kubelet does.
 */
export function containerEnvironment(reading: PodReading, container: JsonRecord, path: FieldPath): EnvVar[] {
  return [
    ...listOf(container['envFrom']).flatMap((item, index) => fromAll(reading, item, [...path, 'envFrom', index])),
    ...listOf(container['env']).flatMap((item, index) =>
      fromOne(reading, container, { item, path: [...path, 'env', index] }),
    ),
  ];
}

const sources = { configMapRef: 'ConfigMap', secretRef: 'Secret' } as const satisfies Record<string, ConfigurationKind>;

const variableName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

function fromAll(reading: PodReading, item: JsonRecord, path: FieldPath): EnvVar[] {
  const prefix = typeof item['prefix'] === 'string' ? item['prefix'] : '';
  return Object.entries(sources).flatMap(([field, kind]) => {
    const reference = item[field];
    if (!isRecord(reference)) return [];
    const texts = reading.configuration(kind, reference, [...path, field])?.texts ?? new Map<string, string>();
    const sorted = [...texts].map(([key, value]) => ({ name: prefix + key, value: literal(value) })).toSorted(byName);
    const unfit = sorted.filter(({ name }) => !variableName.test(name));
    if (unfit.length > 0) {
      const names = unfit.map(({ name }) => name).join(', ');
      reading.say('PodFieldNotHonoured', [...path, field], `Left out, being no names of variables: ${names}.`);
    }
    return sorted.filter(({ name }) => variableName.test(name));
  });
}

function fromOne(
  reading: PodReading,
  container: JsonRecord,
  { item, path }: { readonly item: JsonRecord; readonly path: FieldPath },
): EnvVar[] {
  const { name, value, valueFrom } = item;
  if (typeof name !== 'string' || name === '' || name.includes('=')) {
    reading.refuse([...path, 'name'], 'An environment variable needs a name, without "=" in it.');
    return [];
  }
  if (isRecord(valueFrom)) {
    const found = referredValue(reading, container, { valueFrom, path: [...path, 'valueFrom'] });
    return found === undefined ? [] : [{ name, value: literal(found) }];
  }
  if (value !== undefined && value !== null && typeof value !== 'string') {
    reading.refuse([...path, 'value'], `The value of ${name} must be a text: put ${JSON.stringify(value)} in quotes.`);
    return [];
  }
  return [{ name, value: value ?? '' }];
}

function referredValue(
  reading: PodReading,
  container: JsonRecord,
  { valueFrom, path }: { readonly valueFrom: JsonRecord; readonly path: FieldPath },
): string | undefined {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (isRecord(fieldRef)) return fieldValue(reading, fieldRef, [...path, 'fieldRef']);
  if (isRecord(resourceFieldRef)) {
    const own = resourceFieldRef['containerName'] === undefined ? { container } : {};
    return resourceValue(reading, resourceFieldRef, { ...own, path: [...path, 'resourceFieldRef'] });
  }
  if (isRecord(configMapKeyRef))
    return keyValue(reading, 'ConfigMap', { reference: configMapKeyRef, path: [...path, 'configMapKeyRef'] });
  if (isRecord(secretKeyRef))
    return keyValue(reading, 'Secret', { reference: secretKeyRef, path: [...path, 'secretKeyRef'] });
  reading.refuse(path, 'valueFrom needs one of fieldRef, resourceFieldRef, configMapKeyRef and secretKeyRef.');
  return undefined;
}

function keyValue(
  reading: PodReading,
  kind: ConfigurationKind,
  { reference, path }: { readonly reference: JsonRecord; readonly path: FieldPath },
): string | undefined {
  const configuration = reading.configuration(kind, reference, path);
  if (configuration === undefined) return undefined;
  const key = typeof reference['key'] === 'string' ? reference['key'] : '';
  const value = configuration.texts.get(key);
  if (value === undefined && reference['optional'] !== true) reading.keyMissing(configuration, key, path);
  return value;
}

/** Written so that nothing in it is taken for a reference. */
function literal(value: string): string {
  return value.replaceAll('$', '$$$$');
}

function listOf(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.map(recordOf) : [];
}

function byName(a: EnvVar, b: EnvVar): number {
  return a.name < b.name ? -1 : 1;
}

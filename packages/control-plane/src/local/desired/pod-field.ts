/** What pods can learn about themselves: Kubernetes' downward API. Pure. */

import { createHash } from 'node:crypto';
import type { FieldPath } from '@heddle/smi';
import { type JsonRecord, recordOf } from '../../sources/record.ts';
import type { PodReading } from './pod-reading.ts';

/**
 * The value of a `fieldRef`, e.g. `metadata.name`, `metadata.labels['app']`; absent labels and annotations are empty.
 * `metadata.labels` and `metadata.annotations` as a whole, one `key="value"` a line, are for files only. An unknown field keeps
 * the pod from running, as an API server refuses it.
 */
export function fieldValue(reading: PodReading, reference: unknown, path: FieldPath): string {
  const field = recordOf(reference)['fieldPath'];
  const { metadata } = reading.source.object;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(String(field));
  if (keyed !== null) {
    const [, map, key = ''] = keyed;
    return (map === 'labels' ? metadata.labels : metadata.annotations)?.[key] ?? '';
  }
  const status = recordOf(reading.source.object['status']);
  switch (field) {
    case 'metadata.name':
      return reading.name;
    case 'metadata.namespace':
      return reading.namespace;
    case 'metadata.uid':
      return metadata.uid ?? uidOf(reading);
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.serviceAccountName':
      return serviceAccountOf(reading.spec);
    case 'spec.nodeName':
      return reading.node.name;
    case 'status.podIP':
    case 'status.podIPs':
      return typeof status['podIP'] === 'string' ? status['podIP'] : '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return reading.node.address;
    default:
      reading.refuse(
        [...path, 'fieldPath'],
        `fieldPath ${JSON.stringify(field)} is not a field that a pod can be told.`,
      );
      return '';
  }
}

/** The service account of a pod's spec; `default` unless it names one. */
export function serviceAccountOf(spec: JsonRecord): string {
  const named = spec['serviceAccountName'] ?? spec['serviceAccount'];
  return typeof named === 'string' && named !== '' ? named : 'default';
}

/**
 * The value of a `resourceFieldRef`: a container's request or limit in units of the divisor (default 1), rounded up. A limit
 * that is not set is what the node has, a request that is not set is the limit.
 */
export function resourceValue(
  reading: PodReading,
  reference: unknown,
  at: { readonly container?: JsonRecord; readonly path: FieldPath },
): string {
  const { containerName, resource, divisor } = recordOf(reference);
  const container = at.container ?? containerNamed(reading.spec, containerName);
  const [, kind, name = ''] = /^(limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(String(resource)) ?? [];
  if (kind === undefined || container === undefined) {
    const what =
      kind === undefined ? `resource ${JSON.stringify(resource)}` : `containerName ${JSON.stringify(containerName)}`;
    reading.refuse(at.path, `${what} is not something that a pod can be told.`);
    return '';
  }
  const resources = recordOf(container['resources']);
  const written = recordOf(resources[kind])[name] ?? recordOf(resources['limits'])[name];
  const capacity = { cpu: reading.node.cpus, memory: reading.node.memoryBytes }[name] ?? 0;
  const amount = written === undefined ? capacity : quantity(written);
  const unit = divisor === undefined || quantity(divisor) === 0 ? 1 : quantity(divisor);
  if (amount === undefined || unit === undefined) {
    reading.refuse(at.path, `${JSON.stringify(amount === undefined ? written : divisor)} is not a quantity.`);
    return '';
  }
  return String(Math.ceil(amount / unit - 1e-9));
}

function containerNamed(spec: JsonRecord, name: unknown): JsonRecord | undefined {
  const containers: readonly unknown[] = Array.isArray(spec['containers']) ? spec['containers'] : [];
  return containers.map(recordOf).find(container => container['name'] === name);
}

const suffixes: ReadonlyMap<string, number> = new Map([
  ...['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'].map((suffix, index): [string, number] => [
    suffix,
    1000 ** (index - 3),
  ]),
  ...['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((suffix, index): [string, number] => [suffix, 1024 ** (index + 1)]),
]);

/** A Kubernetes quantity as a number. */
function quantity(written: unknown): number | undefined {
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]{0,2})$/.exec(String(written));
  const factor = suffixes.get(parts?.[2] ?? '');
  return parts === null || factor === undefined ? undefined : Number(parts[1]) * factor;
}

/** A pod that no API server made has no uid: the same name always gets the same. */
function uidOf({ namespace, name }: PodReading): string {
  const hash = createHash('sha256').update(`${namespace}/${name}`).digest('hex');
  return hash.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-5$3-8$4-$5');
}

function lines(map: Readonly<Record<string, string>> | undefined): string {
  const sorted = Object.entries(map ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([key, value]) => `${key}=${JSON.stringify(value)}\n`).join('');
}

import { readQuantity } from '../convert/quantity.ts';
import type { KubeObject } from '../object.ts';
import type { TrafficMetric, TrafficMetrics } from '../types/metrics-v1alpha2.ts';
import type { Reader } from './reader.ts';

/** Reads TrafficMetrics of either version, as v1alpha2; `undefined` when it does not say what was measured. */
export function parseTrafficMetrics(root: Reader, object: KubeObject): TrafficMetrics | undefined {
  const resource = root.field('resource');
  if (!isReference(resource)) return undefined;
  const edge = root.field('edge');
  if (edge.present && edge.isObject()) {
    const direction = edge.field('direction');
    const text = direction.requiredString();
    if (text !== undefined && text !== 'to' && text !== 'from')
      direction.report('InvalidField', 'direction is to or from.');
    if (edge.field('resource').present) isReference(edge.field('resource'));
  }
  const metrics = root
    .field('metrics')
    .items()
    .flatMap(item => parseMetric(item) ?? []);
  return {
    ...object,
    apiVersion: 'metrics.smi-spec.io/v1alpha2',
    kind: 'TrafficMetrics',
    metrics,
  } as unknown as TrafficMetrics;
}

function isReference(reader: Reader): boolean {
  return reader.isObject() && reader.field('kind').requiredString() !== undefined;
}

function parseMetric(item: Reader): TrafficMetric | undefined {
  if (!item.isObject()) return undefined;
  const name = item.field('name').requiredString();
  const unit = item.field('unit').optionalString();
  const value = item.field('value');
  if (readQuantity(value.value) === undefined)
    return value.report('InvalidField', 'value must be a quantity, as 12 or 500m.');
  return name === undefined
    ? undefined
    : { name, ...(unit !== undefined && { unit }), value: value.value as number | string };
}

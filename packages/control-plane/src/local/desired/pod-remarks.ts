/** What is said once about pods that are run here rather than in a cluster. Pure. */
import type { FieldPath } from '@heddle/smi';
import { isRecord } from '../../sources/record.ts';
import { serviceAccountOf } from './pod-field.ts';
import type { PodReading } from './pod-reading.ts';
import { unhonouredFields } from './unhonoured.ts';

/** Fields that {@link unhonouredFields} lists and that are honoured, or spoken of, elsewhere. */
const spokenOf = new Set(['containers[].image', 'containers[].env[].valueFrom.resourceFieldRef']);

/** What follows from a field's not being honoured, where that is not plain. */
const consequences: ReadonlyMap<string, string> = new Map([
  ['initContainers', 'these containers do not run'],
  ['hostNetwork', 'the pod has a network of its own, and no sidecar'],
  ['volumes[].persistentVolumeClaim', 'an empty directory stands in for it'],
  [
    'volumes[].projected.sources[].serviceAccountToken',
    'there is no API server that would take a token; it is left out',
  ],
]);

/** Says which fields have no effect, each at the first place where it is written. */
export function sayUnhonoured(reading: PodReading): void {
  for (const field of unhonouredFields(reading.spec)) {
    if (spokenOf.has(field)) continue;
    const path = firstPlace(reading.spec, field.split('.'));
    const consequence = consequences.get(field);
    const message = `${field} is not honoured here${consequence === undefined ? '' : `: ${consequence}`}.`;
    reading.say('PodFieldNotHonoured', ['spec', ...path], message);
  }
}

/** Says that a pod's service account does not exist: a cluster would not make such a pod, here it runs all the same. */
export function sayServiceAccountMissing(reading: PodReading): void {
  const name = serviceAccountOf(reading.spec);
  if (name === 'default' || reading.lookUp('ServiceAccount', name) !== undefined) return;
  const message = `The ServiceAccount ${name} does not exist in the namespace ${reading.namespace}; a cluster would not start this pod before it does.`;
  reading.say('PodFieldNotHonoured', ['spec', 'serviceAccountName'], message);
}

/** Where a pod names an image; undefined where it names none. */
export function imagePlace(reading: PodReading): FieldPath | undefined {
  const path = firstPlace(reading.spec, ['containers[]', 'image']);
  return path.length === 3 ? ['spec', ...path] : undefined;
}

/** The first place of a field such as `containers[].resources`, as far as there is one. */
function firstPlace(value: unknown, steps: readonly string[]): FieldPath {
  const [step, ...rest] = steps;
  if (step === undefined || !isRecord(value)) return [];
  const field = step.replaceAll('[]', '');
  const inner = value[field];
  if (!step.endsWith('[]')) return inner === undefined ? [] : [field, ...firstPlace(inner, rest)];
  if (!Array.isArray(inner)) return [];
  const places = inner.map((item: unknown, index): FieldPath => [field, index, ...firstPlace(item, rest)]);
  return places.toSorted((a, b) => b.length - a.length)[0] ?? [];
}

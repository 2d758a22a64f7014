import { hubFieldsOf } from '../convert/convert.ts';
import { convertWeights } from '../convert/hub.ts';
import { conversionAnnotation } from '../convert/residue.ts';
import { isJsonObject } from '../json.ts';
import { versionOf } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import type { SplitMatchReference, TrafficSplit, TrafficSplitBackend } from '../types/split-v1alpha4.ts';
import type { Reader } from './reader.ts';

/**
 * Reads a TrafficSplit of any version (V3); v1alpha1 has quantities for weights. A backend with an invalid weight stays, with weight 0 (S3); one without
 * a name that can be read keeps its place, with an empty one.
 */
export function parseTrafficSplit(root: Reader, object: KubeObject): TrafficSplit | undefined {
  const spec = root.field('spec');
  if (!spec.isObject()) return undefined;
  spec.knows(['service', 'backends', 'matches']);
  const service = spec.field('service').requiredString();
  const version = versionOf(object.apiVersion);
  const list = spec.field('backends');
  const backends = parseBackends(list.items(), version);
  if (list.items().length === 0)
    list.report('InvalidField', 'A TrafficSplit needs at least one backend; name the Services.');
  const matches = parseMatches(matchesOf(spec, object, version));
  if (service === undefined) return undefined;
  return {
    apiVersion: 'split.smi-spec.io/v1alpha4',
    kind: 'TrafficSplit',
    metadata: object.metadata,
    spec: { service, backends, ...(matches.length > 0 && { matches }) },
  };
}

/** V1alpha1 and v1alpha2 have no matches: those of a later version travel in an annotation (V4). */
function matchesOf(spec: Reader, object: KubeObject, version: string): Reader {
  const matches = spec.field('matches');
  if (version !== 'v1alpha1' && version !== 'v1alpha2') return matches;
  if (matches.present) {
    matches.report(
      'LaterField',
      'Matches came with v1alpha3; they are read all the same. Say that this object is of v1alpha3.',
    );
    return matches;
  }
  const hub = hubFieldsOf(object)['spec'];
  return matches.of(isJsonObject(hub) ? hub['matches'] : undefined, ['metadata', 'annotations', conversionAnnotation]);
}

function parseBackends(items: readonly Reader[], version: string): TrafficSplitBackend[] {
  const backends = items.map(item => {
    if (!item.isObject()) return { service: '', weight: undefined };
    item.knows(['service', 'weight']);
    return { service: item.field('service').requiredString() ?? '', weight: item.field('weight') };
  });
  const readers = backends.flatMap(({ weight }) => weight ?? []);
  const weights = (version === 'v1alpha1' ? parseQuantities(readers) : readers.map(parseWeight)).values();
  return backends.map(({ service, weight }) => ({ service, weight: (weight && weights.next().value) ?? 0 }));
}

/** Weights in the proportions of quantities, whole; 0 for one that can't be read (S3). */
function parseQuantities(readers: readonly Reader[]): number[] {
  const weights = convertWeights(readers.map(({ value }) => value));
  return readers.map(
    (reader, index) => weights[index] ?? reportWeight(reader, 'a quantity of 0 or more, as 100 or 500m,'),
  );
}

function parseWeight(reader: Reader): number {
  const weight = reader.value;
  if (typeof weight === 'number' && Number.isSafeInteger(weight) && weight >= 0) return weight;
  return reportWeight(reader, 'a whole number of 0 or more,');
}

function reportWeight(reader: Reader, expected: string): 0 {
  const written = reader.value === undefined ? 'missing' : JSON.stringify(reader.value);
  reader.report(
    'InvalidWeight',
    `weight must be ${expected} it is ${written}. Mend it: until then the last good weights count or, ` +
      'where there are none, the backend gets nothing.',
  );
  return 0;
}

/** A reference that can't be read stays as one that matches nothing: dropping it would mean "all requests" (S10). */
function parseMatches(reader: Reader): SplitMatchReference[] {
  if (reader.present && !Array.isArray(reader.value)) {
    reader.items();
    return [{ kind: '', name: '' }];
  }
  return reader.items().map(item => {
    item.knows(['apiGroup', 'kind', 'name']);
    if (!item.isObject()) return { kind: '', name: '' };
    const kind = item.field('kind').requiredString() ?? '';
    const name = item.field('name').requiredString() ?? '';
    const apiGroup = item.field('apiGroup').optionalString();
    const known = apiGroup === undefined || /^specs\.smi-spec\.io(\/v\w+)?$/.test(apiGroup);
    if (kind !== '' && (kind !== 'HTTPRouteGroup' || !known)) {
      item
        .field('kind')
        .report(
          'UnsupportedKind',
          `${apiGroup ? `${apiGroup} ` : ''}${kind} is not a kind of match; use HTTPRouteGroup of specs.smi-spec.io.`,
        );
      return { kind: '', name };
    }
    return { kind, name, ...(apiGroup !== undefined && { apiGroup }) };
  });
}

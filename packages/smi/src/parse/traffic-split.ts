import type { KubeObject } from '../object.ts';
import type { SplitMatchReference, TrafficSplit, TrafficSplitBackend } from '../split.ts';
import type { Reader } from './reader.ts';

/**
 * Reads a TrafficSplit of split v1alpha2, 3 or 4. A backend with an invalid weight stays, with weight 0 (S3); one without
 * a name that can be read keeps its place, with an empty one.
 */
export function parseTrafficSplit(root: Reader, object: KubeObject): TrafficSplit | undefined {
  const spec = root.field('spec');
  if (!spec.isObject()) return undefined;
  spec.knows(['service', 'backends', 'matches']);
  const service = spec.field('service').requiredString();
  const list = spec.field('backends');
  const backends = list.items().map(parseBackend);
  if (list.items().length === 0)
    list.report('InvalidField', 'A TrafficSplit needs at least one backend; name the Services.');
  const matches = parseMatches(spec.field('matches'));
  if (service === undefined) return undefined;
  return {
    apiVersion: 'split.smi-spec.io/v1alpha4',
    kind: 'TrafficSplit',
    metadata: object.metadata,
    spec: { service, backends, ...(matches.length > 0 && { matches }) },
  };
}

function parseBackend(item: Reader): TrafficSplitBackend {
  if (!item.isObject()) return { service: '', weight: 0 };
  item.knows(['service', 'weight']);
  const service = item.field('service').requiredString();
  const weight = parseWeight(item.field('weight'));
  return { service: service ?? '', weight };
}

function parseWeight(reader: Reader): number {
  const weight = reader.value;
  if (typeof weight === 'number' && Number.isSafeInteger(weight) && weight >= 0) return weight;
  const written = weight === undefined ? 'missing' : JSON.stringify(weight);
  reader.report(
    'InvalidWeight',
    `weight must be a whole number of 0 or more, it is ${written}. Mend it: until then the last good weights count or, ` +
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

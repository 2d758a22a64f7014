import type { IdentityReference, TrafficTarget, TrafficTargetDestination, TrafficTargetRule } from '../access.ts';
import type { KubeObject } from '../object.ts';
import type { Reader } from './reader.ts';

const identityKinds = ['ServiceAccount', 'IdentityBinding'];
const ruleKinds = ['HTTPRouteGroup', 'TCPRoute', 'UDPRoute'];

/** Reads a TrafficTarget of access v1alpha3 or v1alpha4; `undefined` when it has no destination that can be read. */
export function parseTrafficTarget(root: Reader, object: KubeObject): TrafficTarget | undefined {
  const spec = root.field('spec');
  if (!spec.isObject()) return undefined;
  spec.knows(['destination', 'sources', 'rules']);
  const namespace = object.metadata.namespace ?? 'default';
  const destination = parseDestination(spec.field('destination'), namespace);
  const sources = parseSources(spec.field('sources'));
  const rules = parseRules(spec.field('rules'));
  if (destination === undefined) return undefined;
  return {
    apiVersion: 'access.smi-spec.io/v1alpha4',
    kind: 'TrafficTarget',
    metadata: object.metadata,
    spec: { destination, sources, rules },
  };
}

function parseDestination(reader: Reader, namespace: string): TrafficTargetDestination | undefined {
  const reference = parseIdentity(reader, [...identityFields, 'port']);
  if (reference === undefined) return undefined;
  if (!identityKinds.includes(reference.kind)) {
    return reader
      .field('kind')
      .report('UnsupportedKind', `${reference.kind} is not a kind of destination; use ServiceAccount.`);
  }
  if (reference.namespace !== undefined && reference.namespace !== namespace) {
    reader
      .field('namespace')
      .report(
        'NamespaceMismatch',
        `A TrafficTarget opens only its own namespace ${namespace}; move it to ${reference.namespace} or drop this field.`,
      );
    return undefined;
  }
  const port = reader.field('port').optionalPort();
  return port === undefined ? reference : { ...reference, port };
}

function parseSources(reader: Reader): IdentityReference[] {
  const items = reader.items();
  if (items.length === 0) {
    reader.report(
      'EmptySources',
      'A TrafficTarget needs at least one source; this one allows nobody. Name the callers.',
    );
  }
  const sources: IdentityReference[] = [];
  for (const item of items) {
    const source = parseIdentity(item, identityFields);
    if (source === undefined) continue;
    sources.push(source);
    if (identityKinds.includes(source.kind)) continue;
    item
      .field('kind')
      .report('UnsupportedKind', `${source.kind} is not a kind of source; use ${identityKinds.join(' or ')}.`);
  }
  return sources;
}

const identityFields = ['group', 'kind', 'name', 'namespace'];

function parseIdentity(reader: Reader, fields: readonly string[]): IdentityReference | undefined {
  if (!reader.isObject()) return undefined;
  reader.knows(fields);
  const kind = reader.field('kind').requiredString();
  const name = reader.field('name').requiredString();
  const namespace = reader.field('namespace').optionalString();
  const group = reader.field('group').optionalString();
  if (kind === undefined || name === undefined) return undefined;
  return { kind, name, ...(namespace && { namespace }), ...(group && { group }) };
}

function parseRules(reader: Reader): TrafficTargetRule[] {
  const items = reader.items();
  if (items.length === 0) {
    reader.report(
      'EmptyRules',
      'A TrafficTarget needs at least one rule; this one allows nothing. Name a route object.',
    );
  }
  const rules: TrafficTargetRule[] = [];
  for (const item of items) {
    // A rule that can't be read stays as one of no kind: it opens nothing, and still bounds TCPRoutes (T8).
    const readable = item.isObject();
    item.knows(['kind', 'name', 'matches']);
    const kind = readable ? (item.field('kind').requiredString() ?? '') : '';
    const name = readable ? (item.field('name').requiredString() ?? '') : '';
    const matches = item
      .field('matches')
      .items()
      .map(match => match.requiredString());
    if (kind !== '' && !ruleKinds.includes(kind)) {
      item.field('kind').report('UnsupportedKind', `${kind} is not a kind of rule; use ${ruleKinds.join(', ')}.`);
    }
    // A name that can't be read stays in the list as one that no entry has: dropping it would mean "all" (T4).
    rules.push({ kind, name, ...(matches.length > 0 && { matches: matches.map(match => match ?? '') }) });
  }
  return rules;
}

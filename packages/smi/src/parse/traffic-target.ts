import { versionOf } from '../kinds.ts';
import type { KubeObject } from '../object.ts';
import type {
  IdentityReference,
  TrafficTarget,
  TrafficTargetDestination,
  TrafficTargetRule,
} from '../types/access-v1alpha4.ts';
import type { Reader } from './reader.ts';

/** Kinds of sources and destinations, and how their own groups may be written (V1). */
const identityGroups: ReadonlyMap<string, RegExp> = new Map([
  ['ServiceAccount', /^(v1|core)?$/],
  ['IdentityBinding', /^(access\.smi-spec\.io(\/v\w+)?)?$/],
]);
const identityKinds = [...identityGroups.keys()];
const ruleKinds = ['HTTPRouteGroup', 'TCPRoute', 'UDPRoute'];

/**
 * Reads a TrafficTarget of any version (V1); `undefined` when it has no destination that can be read. V1alpha1 has no
 * `spec`, and calls its rules `specs`.
 */
export function parseTrafficTarget(root: Reader, object: KubeObject): TrafficTarget | undefined {
  const version = versionOf(object.apiVersion);
  const isFlat = version === 'v1alpha1';
  const spec = isFlat ? root : root.field('spec');
  if (!spec.isObject()) return undefined;
  if (!isFlat) spec.knows(['destination', 'sources', 'rules']);
  const namespace = object.metadata.namespace ?? 'default';
  const destination = parseDestination(spec.field('destination'), namespace, version);
  const sources = parseSources(spec.field('sources'), version);
  const rules = parseRules(spec.field(isFlat ? 'specs' : 'rules'), version);
  if (destination === undefined) return undefined;
  return {
    apiVersion: 'access.smi-spec.io/v1alpha4',
    kind: 'TrafficTarget',
    metadata: object.metadata,
    spec: { destination, sources, rules },
  };
}

/** The versions whose text does not say that empty lists are invalid (T2), and in which sources may have a port (V1). */
const early = ['v1alpha1', 'v1alpha2'];

function parseDestination(reader: Reader, namespace: string, version: string): TrafficTargetDestination | undefined {
  const reference = parseIdentity(reader, [...identityFields, 'port'], version);
  if (reference === undefined) return undefined;
  if (!identityKinds.includes(reference.kind)) return reportKind(reader, reference, 'destination');
  if (reference.namespace !== undefined && reference.namespace !== namespace) {
    reader
      .field('namespace')
      .report(
        'NamespaceMismatch',
        `A TrafficTarget opens only its own namespace ${namespace}; move it to ${reference.namespace} or drop this field.`,
      );
    return undefined;
  }
  const bound = reader.field('port');
  if (!bound.present || bound.value === 0) return reference;
  const port = bound.optionalPort();
  // Without its bound it would open every port.
  return port === undefined ? undefined : { ...reference, port };
}

function parseSources(reader: Reader, version: string): IdentityReference[] {
  const items = reader.items();
  if (items.length === 0) {
    reader.report(
      early.includes(version) ? 'AllowsNobody' : 'EmptySources',
      'A TrafficTarget needs at least one source; this one allows nobody. Name the callers.',
    );
  }
  return items.map(item => {
    const port = item.field('port');
    const hasPort = port.present && early.includes(version);
    if (hasPort) port.report('IgnoredPort', 'The port of a source says nothing and is ignored; bound the destination.');
    const source = parseIdentity(item, [...identityFields, ...(hasPort ? ['port'] : [])], version);
    if (source !== undefined && !identityKinds.includes(source.kind)) reportKind(item, source, 'source');
    // One that can't be read keeps its place in the list, and stands for nobody.
    return source ?? { kind: '', name: '' };
  });
}

function reportKind(reader: Reader, { kind }: IdentityReference, what: string): undefined {
  return reader
    .field('kind')
    .report('UnsupportedKind', `${kind} is not a kind of ${what}; use ${identityKinds.join(' or ')}.`);
}

const laterIdentity =
  'IdentityBindings, and groups of identities, came with v1alpha4; it is read all the same. Say that this object is of v1alpha4.';

const identityFields = ['group', 'kind', 'name', 'namespace'];

/**
 * `undefined` where a part can't be read: without its namespace, a reference would mean somebody else. The kind of another
 * group than its own is written with it, so that it is no kind that anybody knows.
 */
function parseIdentity(reader: Reader, fields: readonly string[], version: string): IdentityReference | undefined {
  if (!reader.isObject()) return undefined;
  reader.knows(fields);
  const kind = reader.field('kind').requiredString();
  const name = reader.field('name').requiredString();
  const namespace = reader.field('namespace').optionalString();
  const group = reader.field('group').optionalString();
  const isWhole = ['namespace', 'group'].every(field => {
    const { present, value } = reader.field(field);
    return !present || typeof value === 'string';
  });
  if (kind === undefined || name === undefined || !isWhole) return undefined;
  const isLater = version !== 'v1alpha4' && (kind === 'IdentityBinding' || group !== undefined);
  if (isLater) reader.field(group === undefined ? 'kind' : 'group').report('LaterField', laterIdentity);
  const isOwn = identityGroups.get(kind)?.test(group ?? '') ?? !group;
  return {
    kind: isOwn ? kind : `${group}/${kind}`,
    name,
    ...(namespace && { namespace }),
    ...(group && { group }),
  };
}

function parseRules(reader: Reader, version: string): TrafficTargetRule[] {
  const items = reader.items();
  if (items.length === 0) {
    reader.report(
      early.includes(version) ? 'AllowsNobody' : 'EmptyRules',
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
    const matches = parseMatchNames(item.field('matches'));
    if (kind !== '' && !ruleKinds.includes(kind)) {
      item.field('kind').report('UnsupportedKind', `${kind} is not a kind of rule; use ${ruleKinds.join(', ')}.`);
    }
    rules.push({ kind, name, ...(matches.length > 0 && { matches }) });
  }
  return rules;
}

/** What can't be read stays as a name that no entry has: dropping it would mean "all" (T4). */
function parseMatchNames(reader: Reader): string[] {
  const names = reader.items().map(name => name.requiredString() ?? '');
  return reader.present && !Array.isArray(reader.value) ? [''] : names;
}

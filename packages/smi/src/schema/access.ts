import type { Column, KindSchema, VersionSchema } from './kind-schema.ts';
import { type Fields, list, optional, type RecordSchema, record, text, whole } from './schema.ts';

const group = 'access.smi-spec.io';

const kindOfIdentity = text('`ServiceAccount`, or `IdentityBinding` from v1alpha4 on.', { minLength: 1 });

const groupOfIdentity = optional(
  text('Absent: core for `ServiceAccount`, `access.smi-spec.io` for `IdentityBinding` (V1).'),
);

const identity: Fields = {
  group: groupOfIdentity,
  kind: kindOfIdentity,
  name: text('The name of the identity.', { minLength: 1 }),
  namespace: optional(text('Absent: the namespace of the TrafficTarget (T3).')),
};

const destinationPort = optional(
  whole(
    'Bounds the target to this port of the pod (T10). In the specification up to v1alpha2 only; Heddle keeps it in every version, so that no replace loses it.',
    { minimum: 0, maximum: 65_535 },
  ),
);

const destination = record('TrafficTargetDestination', 'Whose pods a TrafficTarget opens, and on which port.', {
  ...identity,
  namespace: optional(text('Absent: the namespace of the TrafficTarget; no other is allowed (T3).')),
  port: destinationPort,
});

const source: RecordSchema = record('IdentityReference', 'A ServiceAccount or an IdentityBinding.', identity);

/** Up to v1alpha2, a source may have a port, which has no effect (V1). */
const sourceWithPort: RecordSchema = {
  ...source,
  fields: { ...identity, port: optional(whole('Ignored (V1).', { minimum: 0, maximum: 65_535 })) },
};

const rule = record('TrafficTargetRule', 'Names a route object of the TrafficTarget’s namespace, and entries of it.', {
  kind: text('`HTTPRouteGroup`, `TCPRoute`, or `UDPRoute` from v1alpha3 on.', { minLength: 1 }),
  name: text('The name of the route object.', { minLength: 1 }),
  matches: optional(list('Names of entries; absent or empty means all of them (T4).', text('The name of an entry.'))),
});

/** V1alpha1 and v1alpha2 lack the sentence that makes empty lists invalid (T2). */
const atLeastOne = { minItems: 1 };

const sources = (item: RecordSchema, rest: object = atLeastOne) =>
  list('Identities that are let in; at least one (T2).', item, rest);

const rules = (rest: object = atLeastOne) => list('What they may send; at least one (T2).', rule, rest);

const purpose =
  'Who may call what: the sources may send what the rules name to the destination. Everything else stays closed.';

const specOf = (fields: Fields): Fields => ({
  spec: record('TrafficTargetSpec', 'Whom a TrafficTarget lets send what to whom.', fields),
});

const destinationColumn = (path: string): readonly Column[] => [
  { name: 'Destination', type: 'string', jsonPath: `${path}.destination.name` },
  { name: 'Port', type: 'integer', jsonPath: `${path}.destination.port`, priority: 1 },
];

const trafficTargetVersions: readonly VersionSchema[] = [
  {
    version: 'v1alpha1',
    description: purpose,
    fields: { destination, sources: sources(sourceWithPort, {}), specs: rules({}) },
    columns: destinationColumn(''),
  },
  {
    version: 'v1alpha2',
    description: purpose,
    fields: specOf({ destination, sources: sources(sourceWithPort, {}), rules: rules({}) }),
    columns: destinationColumn('.spec'),
  },
  ...['v1alpha3', 'v1alpha4'].map(version => ({
    version,
    description: purpose,
    fields: specOf({ destination, sources: sources(source), rules: rules() }),
    columns: destinationColumn('.spec'),
  })),
];

const selector = record('PodLabelSelector', 'Pods of the binding’s namespace, by their labels (T11).', {
  matchLabels: optional({
    type: 'map',
    description: 'All of them must be on a pod; none at all: every pod of the namespace.',
    values: text('The value of a label.'),
  }),
});

const schemes = record('IdentitySchemes', 'Ways to name workloads, any of which suffices (T11); none: nobody.', {
  serviceAccount: optional(
    text('A ServiceAccount of the binding’s namespace. Excludes `podLabelSelector`.', { minLength: 1 }),
  ),
  spiffeIdentities: optional(list('SPIFFE IDs, with or without `spiffe://`.', text('A SPIFFE ID.', { minLength: 1 }))),
  podLabelSelector: optional(selector),
});

/** The kinds of `access.smi-spec.io`. */
export const accessKinds: readonly KindSchema[] = [
  {
    group,
    kind: 'TrafficTarget',
    plural: 'traffictargets',
    shortNames: ['tt'],
    scope: 'Namespaced',
    stored: 'v1alpha4',
    versions: trafficTargetVersions,
  },
  {
    group,
    kind: 'IdentityBinding',
    plural: 'identitybindings',
    shortNames: ['ib'],
    scope: 'Namespaced',
    stored: 'v1alpha4',
    versions: [
      {
        version: 'v1alpha4',
        description: 'Names workloads of its namespace, for TrafficTargets to refer to as one identity.',
        fields: { spec: record('IdentityBindingSpec', 'Which workloads are meant.', { schemes }) },
        columns: [{ name: 'Service-Account', type: 'string', jsonPath: '.spec.schemes.serviceAccount' }],
      },
    ],
  },
];

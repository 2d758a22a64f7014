import type { KindSchema, VersionSchema } from './kind-schema.ts';
import { list, optional, record, type Schema, text, whole } from './schema.ts';

const weightV1alpha1: Schema = {
  type: 'either',
  description:
    'A Kubernetes quantity: `100`, `500m`, `0.5`, `1k`, in quotes or not; relative to the sum of all (S1, V3).',
  typescript: 'number | string',
};

const weight = whole('Whole and not negative; relative to the sum of all (S1).', { minimum: 0 });

const backends = (weight: Schema) =>
  list(
    'Services of the split’s namespace, and their weights (S5).',
    record('TrafficSplitBackend', 'A Service of the split’s namespace, and its weight (S5).', {
      service: text('The name of the Service.', { minLength: 1 }),
      weight,
    }),
    { minItems: 1 },
  );

const matches = optional(
  list(
    'Route groups whose requests are split; absent or empty: all requests (S10).',
    record('SplitMatchReference', 'A route group whose requests a split is for.', {
      apiGroup: optional(
        text('Absent, null, or `specs.smi-spec.io` with or without a version are alike (V2).', { nullable: true }),
      ),
      kind: text('`HTTPRouteGroup`.', { minLength: 1 }),
      name: text('The name of the route group, which is in the split’s namespace.', { minLength: 1 }),
    }),
  ),
);

function splitVersion(version: string): VersionSchema {
  return {
    version,
    description: 'Shares the traffic of one root service between backends.',
    fields: {
      spec: record('TrafficSplitSpec', 'Which traffic is shared, between whom.', {
        service: text('The root: short name, `name.ns` or FQDN, of the split’s own namespace (S4).', { minLength: 1 }),
        backends: backends(version === 'v1alpha1' ? weightV1alpha1 : weight),
        // The specification has it from v1alpha3 on (V3); a split that loses it would split everything.
        matches,
      }),
    },
    columns: [{ name: 'Service', type: 'string', jsonPath: '.spec.service' }],
  };
}

/** The kinds of `split.smi-spec.io`. */
export const splitKinds: readonly KindSchema[] = [
  {
    group: 'split.smi-spec.io',
    kind: 'TrafficSplit',
    plural: 'trafficsplits',
    shortNames: ['ts'],
    scope: 'Namespaced',
    stored: 'v1alpha4',
    versions: ['v1alpha1', 'v1alpha2', 'v1alpha3', 'v1alpha4'].map(splitVersion),
  },
];

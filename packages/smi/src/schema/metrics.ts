import type { KindSchema, VersionSchema } from './kind-schema.ts';
import { type Fields, list, optional, record, type Schema, text, whole } from './schema.ts';

const reference = (description: string): Schema => ({ type: 'reference', description });

const metric = record('TrafficMetric', 'One measure over the window.', {
  name: text(
    '`p99_response_latency`, `p90_response_latency`, `p50_response_latency`, `success_count` or `failure_count`.',
  ),
  unit: optional(text('`ms` for latencies; absent for counts.')),
  value: { type: 'either', description: 'A Kubernetes quantity.', typescript: 'number | string' },
});

const direction = text('`to`: the resource sends to the other one; `from`: it receives from it.', {
  values: ['to', 'from'],
});

const side = text('Where it was measured.', { values: ['client', 'server'] });

const edge = (version: string): Schema => ({
  ...record('TrafficEdge', 'The other end of the traffic that was measured.', {
    direction,
    ...(version === 'v1alpha2' && { side: optional(side) }),
    resource: { ...reference('The other resource; absent: all of them.'), nullable: true, optional: true },
  }),
  optional: true,
  nullable: true,
});

const backend = optional(
  record('TrafficMetricsBackend', 'Which branch of a TrafficSplit was measured.', {
    apex: text('The root of the split.'),
    leaf: text('The backend.'),
    weight: whole('Its weight.', { minimum: 0 }),
  }),
);

const fields = (version: string): Fields => ({
  timestamp: optional(text('The end of the window.', { format: 'date-time' })),
  window: optional(text('How long was measured, as `30s`.')),
  resource: reference('What was measured.'),
  edge: edge(version),
  ...(version === 'v1alpha2' && { backend }),
  metrics: list('The measures.', metric),
});

const versionOf = (version: string): VersionSchema => ({
  version,
  description: 'How much traffic a resource has, and how it goes.',
  fields: fields(version),
});

/** The kinds of `metrics.smi-spec.io`, which an aggregated API serves; v1alpha2 is that of the official Go types. */
export const metricsKinds: readonly KindSchema[] = [
  {
    group: 'metrics.smi-spec.io',
    kind: 'TrafficMetrics',
    plural: 'trafficmetrics',
    shortNames: [],
    scope: 'Namespaced',
    versions: ['v1alpha1', 'v1alpha2'].map(versionOf),
  },
];

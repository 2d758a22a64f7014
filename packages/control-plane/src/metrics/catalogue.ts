/** What is known of a metric before it has a value. */
export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** One sentence, in the form that Prometheus shows. */
  readonly help: string;
  /** Names of its labels, in order. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly buckets?: readonly number[];
}

/** Seconds: a push on this machine takes milliseconds, one that waits for a sidecar to come back takes many. */
const propagation = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Every metric of a controller. `docs/reference/metrics.md` is made from this table. The name of `smi_policy_rejected_count`
 * is given; a metric whose name is ours to choose does not end like that.
 */
export const metrics = {
  smi_policy_applied_total: {
    type: 'counter',
    help: 'Objects of policy that came in force: once an object and generation, when the last sidecar that it concerns has acknowledged it, at once if it concerns none.',
    labels: ['kind', 'namespace'],
  },
  smi_policy_rejected_count: {
    type: 'gauge',
    help: 'Objects of policy that are refused now, by the code of the finding.',
    labels: ['kind', 'namespace', 'code'],
  },
  smi_policy_rejected_total: {
    type: 'counter',
    help: 'Objects of policy that were refused: once an object, generation and code.',
    labels: ['kind', 'namespace', 'code'],
  },
  smi_traffic_target_active: {
    type: 'gauge',
    help: 'TrafficTargets in force, last good versions of refused ones included.',
    labels: ['namespace'],
  },
  heddle_findings: {
    type: 'gauge',
    help: 'Findings about the input now, by code and severity.',
    labels: ['code', 'severity'],
  },
  heddle_propagation_seconds: {
    type: 'histogram',
    help: 'Time from a change seen by the source to the acknowledgement of the last sidecar that it concerns.',
    labels: [],
    buckets: propagation,
  },
  heddle_xds_pushes_total: {
    type: 'counter',
    help: 'Responses with configuration sent to sidecars, by type of resource.',
    labels: ['type'],
  },
  heddle_xds_acknowledgements_total: {
    type: 'counter',
    help: 'Responses that sidecars acknowledged, by type of resource.',
    labels: ['type'],
  },
  heddle_xds_rejections_total: {
    type: 'counter',
    help: 'Responses that sidecars rejected and that could be pinned on a resource, by type of resource.',
    labels: ['type'],
  },
  heddle_xds_refused_streams_total: {
    type: 'counter',
    help: 'Streams refused because what they claim to be is not what their socket proves.',
    labels: [],
  },
  heddle_sidecars: { type: 'gauge', help: 'Sidecars that there are to be.', labels: [] },
  heddle_sidecars_connected: { type: 'gauge', help: 'Sidecars with a stream to this controller.', labels: [] },
  heddle_sidecars_in_sync: {
    type: 'gauge',
    help: 'Sidecars that have acknowledged all that they are to have.',
    labels: [],
  },
  heddle_certificates_issued_total: { type: 'counter', help: 'Certificates issued to workloads.', labels: [] },
  heddle_passes_total: {
    type: 'counter',
    help: 'Passes of the loop from resources to sidecars that reached their end.',
    labels: [],
  },
  heddle_hop_failing: {
    type: 'gauge',
    help: 'Hops of the loop that fail now: what they made before stays in force.',
    labels: ['hop'],
  },
  heddle_hop_failures_total: { type: 'counter', help: 'Failures of hops of the loop.', labels: ['hop'] },
  process_cpu_seconds_total: { type: 'counter', help: 'Processor time of the controller in seconds.', labels: [] },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory of the controller in bytes.', labels: [] },
  process_start_time_seconds: { type: 'gauge', help: 'Start of the controller, in Unix time.', labels: [] },
} as const satisfies Record<string, Metric>;

/** The name of a metric. */
export type MetricName = keyof typeof metrics;

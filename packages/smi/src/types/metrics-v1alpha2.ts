// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.
import type { KubeObject, ObjectMeta, ObjectReference } from '../object.ts';

/** How much traffic a resource has, and how it goes. */
export interface TrafficMetrics extends KubeObject {
  readonly apiVersion: 'metrics.smi-spec.io/v1alpha2';
  readonly kind: 'TrafficMetrics';
  readonly metadata: ObjectMeta;
  /** The end of the window. */
  readonly timestamp?: string;
  /** How long was measured, as `30s`. */
  readonly window?: string;
  /** What was measured. */
  readonly resource: ObjectReference;
  /** The other end of the traffic that was measured. */
  readonly edge?: TrafficEdge | null;
  /** Which branch of a TrafficSplit was measured. */
  readonly backend?: TrafficMetricsBackend;
  /** The measures. */
  readonly metrics: readonly TrafficMetric[];
}

/** The other end of the traffic that was measured. */
export interface TrafficEdge {
  /** `to`: the resource sends to the other one; `from`: it receives from it. */
  readonly direction: string;
  /** Where it was measured. */
  readonly side?: string;
  /** The other resource; absent: all of them. */
  readonly resource?: ObjectReference | null;
}

/** Which branch of a TrafficSplit was measured. */
export interface TrafficMetricsBackend {
  /** The root of the split. */
  readonly apex: string;
  /** The backend. */
  readonly leaf: string;
  /** Its weight. */
  readonly weight: number;
}

/** One measure over the window. */
export interface TrafficMetric {
  /** `p99_response_latency`, `p90_response_latency`, `p50_response_latency`, `success_count` or `failure_count`. */
  readonly name: string;
  /** `ms` for latencies; absent for counts. */
  readonly unit?: string;
  /** A Kubernetes quantity. */
  readonly value: number | string;
}

// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.
import type { KubeObject, ObjectMeta, ObjectReference } from '../object.ts';

/** How much traffic a resource has, and how it goes. */
export interface TrafficMetrics extends KubeObject {
  readonly apiVersion: 'metrics.smi-spec.io/v1alpha1';
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
  /** The measures. */
  readonly metrics: readonly TrafficMetric[];
}

/** The other end of the traffic that was measured. */
export interface TrafficEdge {
  /** `to`: the resource sends to the other one; `from`: it receives from it. */
  readonly direction: string;
  /** The other resource; absent: all of them. */
  readonly resource?: ObjectReference | null;
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

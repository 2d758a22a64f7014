import type {
  CircuitBreakers_ThresholdsJson,
  CircuitBreakersJson,
} from '@heddle/envoy-api/envoy/config/cluster/v3/circuit_breaker_pb';
import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { OutlierDetectionJson } from '@heddle/envoy-api/envoy/config/cluster/v3/outlier_detection_pb';
import { readDuration } from '@heddle/smi';
import type { MeshSettings } from '../../model/settings.ts';

/** How a client's sidecar protects itself and a Service. */
export type Resilience = Pick<MeshSettings, 'outlierDetection' | 'limits'>;

/** A cluster of one Service, with what bounds the traffic to it and, where its endpoints are known, leaves out those that fail. */
export function protect(cluster: ClusterJson, settings: Resilience): ClusterJson {
  const outlierDetection = cluster.type === 'EDS' ? outliers(settings) : undefined;
  return {
    ...cluster,
    circuitBreakers: circuitBreakers(settings),
    ...(outlierDetection !== undefined && { outlierDetection }),
  };
}

/**
 * A part of all requests, and a few of them anyhow, may be tries of what failed before: what is down gets no storm of them.
 * Envoy's own bound of 3 would fail most of what a pod that is killed has under way.
 */
const retryBudget: NonNullable<CircuitBreakers_ThresholdsJson['retryBudget']> = {
  budgetPercent: { value: 20 },
  minRetryConcurrency: 10,
};

/** Envoy's own bounds are 1,024 each, which long-lived connections reach without anything being wrong. */
function circuitBreakers({ limits }: Resilience): CircuitBreakersJson {
  const { connections, pendingRequests, requests } = limits;
  return {
    thresholds: [
      { maxConnections: connections, maxPendingRequests: pendingRequests, maxRequests: requests, retryBudget },
    ],
  };
}

/** No bound but that of the whole sidecar: for what it hands to its application, whoever sends it. */
export const unbounded: CircuitBreakersJson = {
  thresholds: [
    { maxConnections: 4_294_967_295, maxPendingRequests: 4_294_967_295, maxRequests: 4_294_967_295, retryBudget },
  ],
};

/**
 * Failures in a row, of either kind: gateway errors, which the destination's sidecar answers for a pod that is down, and
 * connections that fail. A success between them counts from the start again. Rates over time are left out: they need
 * traffic that most sidecars don't have, and an application's own 500 says nothing of the endpoint.
 */
function outliers({ outlierDetection }: Resilience): OutlierDetectionJson | undefined {
  const { consecutiveFailures, interval, ejectionTime, maxEjectionPercent } = outlierDetection;
  if (consecutiveFailures === 0 || maxEjectionPercent === 0) return undefined;
  return {
    consecutiveGatewayFailure: consecutiveFailures,
    enforcingConsecutiveGatewayFailure: 100,
    splitExternalLocalOriginErrors: true,
    consecutiveLocalOriginFailure: consecutiveFailures,
    enforcingConsecutive5xx: 0,
    enforcingSuccessRate: 0,
    enforcingLocalOriginSuccessRate: 0,
    interval: seconds(interval),
    baseEjectionTime: seconds(ejectionTime),
    maxEjectionPercent,
  };
}

/** A time as proto3 JSON has it. */
function seconds(written: string): string {
  const milliseconds = readDuration(written);
  if (milliseconds === undefined) throw new Error(`${JSON.stringify(written)} is no time`);
  return `${milliseconds / 1000}s`;
}

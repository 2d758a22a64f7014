import type {
  HeaderMatcherJson,
  RetryPolicyJson,
  RouteActionJson,
  RouteMatchJson,
} from '@heddle/envoy-api/envoy/config/route/v3/route_components_pb';
import { idempotentMethods, type ProfileRoute, type RetryPolicy, repeatsGrpc } from '../../model/route-profile.ts';

/** What to do with some requests: their time, and when they are repeated. */
export interface Treatment {
  /** What they have besides; an empty object: nothing in particular. */
  readonly match: Pick<RouteMatchJson, 'headers' | 'grpc'>;
  readonly action: RouteActionJson;
}

/** A request that no backend has seen yet is tried again, whatever it is. */
const safely: RetryPolicyJson = { retryOn: 'connect-failure,refused-stream', numRetries: 2 };

/** No time-out of ours. */
export const untreated: Treatment = { match: {}, action: { timeout: '0s', retryPolicy: safely } };

/**
 * How the requests of a route are treated, the first that fits: those that may be repeated, and all others. A repetition goes
 * to the cluster that was chosen for the first try, so it stays with the backend that the split chose.
 */
export function treatmentsOf({ match: { methods }, timeout, retries }: ProfileRoute): readonly Treatment[] {
  const bounded: RouteActionJson = { timeout: seconds(timeout ?? 0) };
  const plain: Treatment = { match: {}, action: { ...bounded, retryPolicy: safely } };
  if (retries === undefined) return [plain];
  const repeated: RouteActionJson = { ...bounded, retryPolicy: retryPolicy(retries) };
  const treatments: Treatment[] = [];
  if (repeatsGrpc(retries)) treatments.push({ match: { grpc: {} }, action: repeated });
  const idempotent = methods?.filter(method => idempotentMethods.includes(method)) ?? idempotentMethods;
  if (idempotent.length === methods?.length) return [{ match: {}, action: repeated }];
  if (idempotent.length > 0) treatments.push({ match: { headers: [isOneOf(idempotent)] }, action: repeated });
  return [...treatments, plain];
}

function isOneOf(methods: readonly string[]): HeaderMatcherJson {
  return { name: ':method', stringMatch: { safeRegex: { regex: methods.join('|') } } };
}

function retryPolicy({ attempts, perTryTimeout, conditions, statuses }: RetryPolicy): RetryPolicyJson {
  return {
    retryOn: [...conditions, ...(statuses.length > 0 ? ['retriable-status-codes'] : [])].join(','),
    numRetries: attempts,
    ...(perTryTimeout !== undefined && { perTryTimeout: seconds(perTryTimeout) }),
    ...(statuses.length > 0 && { retriableStatusCodes: [...statuses] }),
  };
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000}s`;
}

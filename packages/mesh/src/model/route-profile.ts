import { type HttpRouteMatch, mismatch, type RequestFacts } from './http-route-match.ts';
import type { MeshModel } from './mesh-model.ts';
import type { ResourceOrigin } from './origin.ts';

/** A ServiceProfile: how the requests of some callers to one Service are named and treated (V6; Heddle's own kind). */
export interface RouteProfile {
  /** Key of the Service, or of the logical root. */
  readonly service: string;
  /** Tried in this order; a request that none fits is treated as without a profile. */
  readonly routes: readonly ProfileRoute[];
  readonly origin: ResourceOrigin;
}

/** Requests of one kind, and how they are treated. */
export interface ProfileRoute {
  /** What metrics, logs and `explain` call it. */
  readonly name: string;
  readonly match: HttpRouteMatch;
  /** Milliseconds for the request as a whole, repetitions included; absent: without bound. */
  readonly timeout?: number;
  readonly retries?: RetryPolicy;
  /** Statuses that count as failures. */
  readonly failureStatus: readonly StatusSpan[];
  readonly origin: ResourceOrigin;
}

/**
 * When a request is sent again, to the backend that the split chose. Only requests whose method is idempotent are, and those
 * of gRPC where one of its statuses is named.
 */
export interface RetryPolicy {
  /** Repetitions after the first try, at most; 1 or more. */
  readonly attempts: number;
  /** Milliseconds for one try; absent: as long as there is time. */
  readonly perTryTimeout?: number;
  /** Envoy's words for kinds of failure. */
  readonly conditions: readonly string[];
  /** Statuses, besides. */
  readonly statuses: readonly number[];
}

/** HTTP statuses from one to another, both included. */
export interface StatusSpan {
  readonly min: number;
  readonly max: number;
}

/** Methods of which a repetition does no more than the first request did (RFC 9110, section 9.2.2). */
export const idempotentMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'];

const statusesOfGrpc: ReadonlySet<string> = new Set([
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

/** Whether requests of gRPC are repeated, though their method is POST: whoever names one of its statuses wants that. */
export function repeatsGrpc({ conditions }: RetryPolicy): boolean {
  return conditions.some(condition => statusesOfGrpc.has(condition));
}

/** Whether a request is repeated when it fails as the policy says: by its method, or as one of gRPC. */
export function mayRepeat(retries: RetryPolicy, { method, headers }: RequestFacts): boolean {
  const isGrpc = /^application\/grpc(?:$|[+;])/.test(headers.get('content-type') ?? '');
  return idempotentMethods.includes(method) || (isGrpc && repeatsGrpc(retries));
}

/** The profile that callers in a namespace use for a Service: their own namespace's, else that of the Service's (V6). */
export function profileFor(
  { namespaces }: MeshModel,
  service: string,
  callersNamespace: string,
): RouteProfile | undefined {
  const own = service.slice(0, service.indexOf('/'));
  return namespaces.get(callersNamespace)?.profiles.get(service) ?? namespaces.get(own)?.profiles.get(service);
}

/** The route that a request takes: the first that fits. */
export function routeFor(profile: RouteProfile | undefined, request: RequestFacts): ProfileRoute | undefined {
  return profile?.routes.find(({ match }) => mismatch(match, request) === undefined);
}

/** Whether an answer counts as a failure of its route; without a route 500 to 599 do. */
export function isFailure(route: Pick<ProfileRoute, 'failureStatus'> | undefined, status: number): boolean {
  return (route?.failureStatus ?? serverErrors).some(({ min, max }) => status >= min && status <= max);
}

/** What counts as a failure where nothing is written. */
export const serverErrors: readonly StatusSpan[] = [{ min: 500, max: 599 }];

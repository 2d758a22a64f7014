import { compileRegex } from '@heddle/smi';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import type { MeshModel } from '../model/mesh-model.ts';
import type { Origin, ResourceOrigin } from '../model/origin.ts';
import {
  idempotentMethods,
  type ProfileRoute,
  profileFor,
  type RetryPolicy,
  repeatsGrpc,
  serverErrors,
} from '../model/route-profile.ts';
import type { OutboundRoute, Service, ServicePort } from '../model/service.ts';
import { literalOf, shapesOf } from './pattern-shapes.ts';
import type { Shortfalls } from './shortfalls.ts';

/** How a route of another mesh treats its requests; nothing in particular where all is absent. */
export interface Treatment {
  readonly origin: ResourceOrigin;
  /** Milliseconds for the request as a whole. */
  readonly timeout?: number;
  readonly retries?: RetryPolicy;
}

/** Which calls go to which backends, and how they are treated. */
export interface TreatedRoute extends OutboundRoute {
  readonly treatment?: Treatment;
}

/** The model, the name of another mesh, and where it is told what that lacks. */
export interface TreatmentScope {
  readonly model: MeshModel;
  readonly target: string;
  /** Whether its routes say what is sent again; absent: they don't. */
  readonly repeats?: boolean;
  readonly shortfalls: Shortfalls;
}

/**
 * The routes of a port with what a ServiceProfile says of their requests (V6): each route of the splits once for each route
 * of the profile that some of its requests fit, and once for those that fit none, in the order in which both are asked.
 */
export function treatedRoutes(
  service: Service,
  { protocol, outbound }: ServicePort,
  scope: TreatmentScope,
): readonly TreatedRoute[] {
  const profile = protocol === 'tcp' ? undefined : profileFor(scope.model, service.key, service.namespace);
  if (profile === undefined) return outbound.routes;
  const wanted = profile.routes.flatMap(route => treatmentsOf(route, scope));
  return outbound.routes.flatMap(route => [
    // What nobody serves is treated in no way.
    ...(route.backends.length === 0 ? [] : wanted).flatMap(({ match, treatment, said }) => {
      const both = conjunction(route.match, match);
      if (both === 'unknown') {
        const message = `${scope.target} asks a request for one path pattern, and what fits both this route and entry ${route.match?.name ?? ''} has two: it is treated as without a profile.`;
        scope.shortfalls.say('Unsupported', said, message);
        return [];
      }
      return both === 'none' ? [] : [{ ...route, match: both, treatment }];
    }),
    route,
  ]);
}

/** What a route came from. */
export function originsOfRoute({ origin, match, treatment }: TreatedRoute): Origin[] {
  return [
    origin,
    ...(match === undefined ? [] : [match.origin]),
    ...(treatment === undefined ? [] : [treatment.origin]),
  ];
}

/** Says of each profile that holds for the callers of one namespace only that it does not come with (V6). */
export function sayConsumerProfiles({ model, target, shortfalls }: TreatmentScope): void {
  for (const namespace of model.namespaces.values()) {
    for (const { service, origin } of namespace.profiles.values()) {
      if (service.startsWith(`${namespace.name}/`)) continue;
      const message = `${target} gets the profile of the namespace of ${service} only: calls from ${namespace.name} are treated like all others.`;
      shortfalls.say('Unsupported', origin, message);
    }
  }
}

interface Wanted {
  readonly match: HttpRouteMatch;
  readonly treatment: Treatment;
  readonly said: ProfileRoute['origin'];
}

/** Only idempotent requests are repeated, and those of gRPC where that is asked for: the others are routes of their own. */
function treatmentsOf(
  { match, timeout, retries, failureStatus, origin }: ProfileRoute,
  { target, repeats, shortfalls }: TreatmentScope,
): Wanted[] {
  if (failureStatus !== serverErrors) {
    shortfalls.say(
      'Unsupported',
      origin,
      `${target} counts failures in its own way: failureStatus does not come with.`,
    );
  }
  const bounded: Treatment = { origin, ...(timeout !== undefined && { timeout }) };
  const plain = { match, treatment: bounded, said: origin };
  if (retries === undefined) return [plain];
  if (repeats !== true) {
    const message = `${target} has no stable field for what is sent again: retries do not come with.`;
    shortfalls.say('Unsupported', origin, message);
    return [plain];
  }
  const treatment: Treatment = { ...bounded, retries };
  const methods = match.methods?.filter(method => idempotentMethods.includes(method)) ?? idempotentMethods;
  const wanted: Wanted[] = [];
  if (repeatsGrpc(retries))
    wanted.push({ match: { ...match, headers: [...match.headers, grpcContent] }, treatment, said: origin });
  if (methods.length > 0) wanted.push({ match: { ...match, methods }, treatment, said: origin });
  return methods.length === match.methods?.length ? wanted : [...wanted, plain];
}

const grpcContent: HttpRouteMatch['headers'][number] = { name: 'content-type', regex: grpcPattern() };

function grpcPattern() {
  const regex = compileRegex('application/grpc(?:|[+;].*)');
  if ('error' in regex) throw new Error(regex.error);
  return regex;
}

/** What fits both: one of them, both together, or nothing at all. */
function conjunction(a: HttpRouteMatch | undefined, b: HttpRouteMatch): HttpRouteMatch | 'none' | 'unknown' {
  if (a === undefined) return b;
  const methods =
    a.methods === undefined ? b.methods : a.methods.filter(method => b.methods?.includes(method) !== false);
  if (methods?.length === 0) return 'none';
  const path = pathOfBoth(a, b);
  if (path === 'none' || path === 'unknown') return path;
  const { path: _, methods: __, ...rest } = a;
  return {
    ...rest,
    ...path,
    ...(methods !== undefined && { methods }),
    headers: [...a.headers, ...b.headers],
  };
}

function pathOfBoth(
  { path: a }: HttpRouteMatch,
  { path: b }: HttpRouteMatch,
): Pick<HttpRouteMatch, 'path'> | 'none' | 'unknown' {
  const only = a ?? b;
  if (only === undefined) return {};
  if (a === undefined || b === undefined || a.source === b.source) return { path: only };
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const literals = shapesOf(one.source)?.map(literalOf) ?? [undefined];
    if (!literals.every(literal => literal !== undefined)) continue;
    if (literals.every(literal => other.matches(literal))) return { path: one };
    if (!literals.some(literal => other.matches(literal))) return 'none';
  }
  return 'unknown';
}

/** A time as Go and the Gateway API read it: `1m30s`, `250ms`. */
export function duration(milliseconds: number): string {
  const units = [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ] as const;
  let rest = Math.round(milliseconds);
  let text = '';
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text || '0s';
}

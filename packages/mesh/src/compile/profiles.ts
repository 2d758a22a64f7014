import { type RouteRetries, readDuration, type ServiceProfile, type ServiceProfileRoute } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import { originOf } from '../model/origin.ts';
import { type ProfileRoute, type RetryPolicy, type RouteProfile, serverErrors } from '../model/route-profile.ts';
import type { Service } from '../model/service.ts';
import { profiledService } from '../model/service-name.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { Resource } from '../store/resource-set.ts';
import { conditionsOf } from './route-groups.ts';

/** A ServiceProfile, and what is said of it alone. */
export interface ProfileUnit {
  readonly resource: Resource<ServiceProfile>;
  /** Absent where its name is not that of a Service. */
  readonly profile?: RouteProfile;
  readonly findings: readonly Finding[];
}

/** Compiles a ServiceProfile (V6): its name says for which Service it is, its namespace for whose callers. */
export function readProfile(
  resource: Resource<ServiceProfile>,
  { clusterDomain, pathRegexAnchor }: MeshSettings,
): ProfileUnit {
  const { ref, source, value } = resource;
  const named = profiledService(ref.name, clusterDomain);
  if (named === undefined) {
    const message = `A ServiceProfile is named after its Service, in full: NAME.NAMESPACE.svc.${clusterDomain}. Rename it.`;
    return { resource, findings: [findingAt('ServiceProfileNotFound', source, ['metadata', 'name'], message)] };
  }
  const routes = value.spec.routes.map((route, index) => {
    const origin = originOf(source, ['spec', 'routes', placeOf(resource, route.name, index)]);
    return { ...treatmentOf(route), match: { ...conditionsOf(route, pathRegexAnchor), origin }, origin };
  });
  const service = `${named.namespace}/${named.name}`;
  return { resource, profile: { service, routes, origin: originOf(source) }, findings: [] };
}

/** Where the routes stand in the object as it was written: refused ones between them count, too. */
function placeOf({ source }: Resource<ServiceProfile>, name: string, index: number): number {
  const { spec } = source.object as { spec?: { routes?: unknown } };
  const written: readonly unknown[] = Array.isArray(spec?.routes) ? spec.routes : [];
  const place = written.findIndex((item, at) => at >= index && (item as { name?: unknown } | null)?.name === name);
  return Math.max(place, 0);
}

function treatmentOf(route: ServiceProfileRoute): Omit<ProfileRoute, 'match' | 'origin'> {
  const timeout = milliseconds(route.timeout);
  const retries = retriesOf(route.retries);
  return {
    name: route.name,
    ...(timeout !== undefined && { timeout }),
    ...(retries !== undefined && { retries }),
    failureStatus: route.failureStatus ?? serverErrors,
  };
}

/** What never reached the backend, and 503; where a try has its own time, one that took too long, and 502 and 504 with it. */
function retriesOf(retries: RouteRetries | undefined): RetryPolicy | undefined {
  if (retries === undefined || retries.attempts === 0) return undefined;
  const perTryTimeout = milliseconds(retries.perTryTimeout);
  const fallback = ['connect-failure', 'refused-stream', ...(perTryTimeout === undefined ? [] : ['gateway-error'])];
  return {
    attempts: retries.attempts,
    ...(perTryTimeout !== undefined && { perTryTimeout }),
    conditions: retries.retryOn ?? fallback,
    statuses: retries.retryOn === undefined ? [503] : [],
  };
}

function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readDuration(text);
}

/** Says which profiles are for nobody: there is no such Service, or none of its ports takes requests through the mesh. */
export function sayProfile(
  { resource: { source }, profile }: ProfileUnit,
  serviceOf: (key: string) => Service | undefined,
): Finding[] {
  if (profile === undefined) return [];
  const service = serviceOf(profile.service);
  const say = (reason: 'ServiceProfileNotFound' | 'NotInMesh' | 'MatchesOnTcpPort', message: string) => [
    findingAt(reason, source, ['metadata', 'name'], message),
  ];
  if (service === undefined) {
    const message = `There is no Service ${profile.service}; the profile is in force as soon as there is one.`;
    return say('ServiceProfileNotFound', message);
  }
  if (!service.inMesh) {
    return say(
      'NotInMesh',
      `No pod behind ${service.key} is in the mesh, so the profile has no effect. Let them into the mesh.`,
    );
  }
  if (service.ports.some(({ protocol }) => protocol === 'http' || protocol === 'detect')) return [];
  const message = `No port of ${service.key} speaks HTTP, so no request takes a route of the profile.`;
  return say('MatchesOnTcpPort', message);
}

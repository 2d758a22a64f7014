import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import { type MeshModel, serviceOf, workloadOf } from '../../model/mesh-model.ts';
import { type ProfileRoute, profileFor, type RetryPolicy } from '../../model/route-profile.ts';
import type { OutboundRoute, Service, ServicePort } from '../../model/service.ts';
import type { Workload } from '../../model/workload.ts';
import type { ApplicationConfig, ApplicationRetries, ApplicationRoute } from './application-config.ts';
import { goDuration } from './go-duration.ts';

/**
 * What the applications of a workload are told. In: the model and one of its workloads. Out: who it is, how its traffic is
 * treated, and for each Service that it may call or serves the routes of the ServiceProfile that it uses; where there is
 * none, what TrafficTargets let it send. It must not know files, pods or who asks.
 */
export function applicationConfig(model: MeshModel, workload: Workload): ApplicationConfig {
  const { identity, modes } = workload;
  const services = [...new Set([...workload.reaches, ...servedBy(model, workload)])].toSorted();
  return {
    version: 1,
    identity,
    mode: { mtls: modes.mtls, policy: modes.policy },
    sidecar: true,
    routes: services.flatMap(key => {
      const service = serviceOf(model, key);
      return service === undefined ? [] : routesOf(model, service, workload);
    }),
  };
}

/** Keys of the Services that lead to a workload: what comes in has a route, too. */
function servedBy({ namespaces }: MeshModel, { namespace, key }: Workload): string[] {
  const services = [...(namespaces.get(namespace)?.services.values() ?? [])];
  const leadsHere = ({ ports }: Service) =>
    ports.some(({ endpoints }) => endpoints.some(({ workload }) => workload === key));
  return services.filter(leadsHere).map(service => service.key);
}

function routesOf(model: MeshModel, service: Service, caller: Workload): ApplicationRoute[] {
  const port = service.ports.find(({ protocol }) => protocol === 'http' || protocol === 'detect');
  if (!service.inMesh || port === undefined) return [];
  const name = (key: string) => hostOf(key, model.settings.clusterDomain);
  const last = port.outbound.routes.find(({ match }) => match === undefined);
  const split = last === undefined || 'default' in last.origin ? undefined : splitOf(last, name);
  const shared = split !== undefined && { split };
  const asked = (match: HttpRouteMatch) => ({ name: match.name, service: name(service.key), ...conditionsOf(match) });
  const profile = profileFor(model, service.key, caller.namespace);
  const routes =
    profile === undefined
      ? grantsOf(model, port, caller).map(match => ({ ...asked(match), ...shared }))
      : profile.routes.map(route => ({ ...asked(route.match), ...treatmentOf(route), ...shared }));
  if (split === undefined || last === undefined || 'default' in last.origin) return routes;
  // What no route names is shared as well.
  return [...routes, { name: last.origin.source.object.metadata.name, service: name(service.key), split }];
}

function hostOf(key: string, clusterDomain: string): string {
  const [namespace = '', name = ''] = key.split('/');
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

function splitOf({ backends }: OutboundRoute, name: (key: string) => string): ApplicationRoute['split'] {
  return backends.map(({ service, weight }) => ({ service: name(service), weight }));
}

function conditionsOf({ path, methods }: HttpRouteMatch): Pick<ApplicationRoute, 'pathRegex' | 'methods'> {
  return { ...(path !== undefined && { pathRegex: path.pattern }), ...(methods !== undefined && { methods }) };
}

function treatmentOf({ timeout, retries }: ProfileRoute): Pick<ApplicationRoute, 'timeout' | 'retries'> {
  return {
    ...(timeout !== undefined && { timeout: goDuration(timeout) }),
    ...(retries !== undefined && { retries: retriesOf(retries) }),
  };
}

function retriesOf({ attempts, perTryTimeout, conditions, statuses }: RetryPolicy): ApplicationRetries {
  return {
    attempts,
    ...(perTryTimeout !== undefined && { perTryTimeout: goDuration(perTryTimeout) }),
    retryOn: [...conditions, ...statuses],
  };
}

/** What TrafficTargets let a caller send to the own endpoints of a port, each entry once; the file knows no headers, so none that ask for some. */
function grantsOf(model: MeshModel, { endpoints }: ServicePort, { identity }: Workload): HttpRouteMatch[] {
  const entries = new Map<string, HttpRouteMatch>();
  for (const { workload: key, port: number } of endpoints) {
    const port = key === undefined ? undefined : workloadOf(model, key)?.ports.find(each => each.number === number);
    for (const { principals, http } of port?.policy.authorizations ?? []) {
      if (http === 'all' || !principals.some(principal => principal.identity === identity)) continue;
      for (const { match } of http) {
        const { name, path, methods, headers } = match;
        if (headers.length === 0) entries.set(JSON.stringify([name, path?.pattern, methods]), match);
      }
    }
  }
  return [...entries.values()];
}

import type {
  Authorization,
  Endpoint,
  HttpRouteMatch,
  InboundPort,
  MeshModel,
  Modes,
  OutboundRoute,
  RouteProfile,
  Service,
  ServicePort,
  Workload,
} from '@heddle/mesh';
import { defaultSettings, modesOf, type Origin, serverErrors, viewOrigin } from '@heddle/mesh';

/** The model as a person reads it: who may call what and how calls are shared; what is in force by default is left out. */
export function viewModel(model: MeshModel): object | undefined {
  const services: Record<string, object> = {};
  const workloads: Record<string, object> = {};
  const profiles: Record<string, object> = {};
  for (const namespace of model.namespaces.values()) {
    for (const profile of namespace.profiles.values()) {
      profiles[`${profile.service} for callers ${callersOf(namespace.name, profile)}`] = viewProfile(profile);
    }
    for (const service of namespace.services.values()) services[service.key] = viewService(service);
    for (const workload of namespace.workloads.values()) workloads[workload.key] = viewWorkload(workload);
  }
  return { services, workloads, ...(Object.keys(profiles).length > 0 && { profiles }) };
}

function callersOf(namespace: string, { service }: RouteProfile): string {
  return service.startsWith(`${namespace}/`) ? 'anywhere' : `in ${namespace}`;
}

function viewProfile({ routes }: RouteProfile): object {
  return routes.map(({ match, timeout, retries, failureStatus }) => ({
    route: describeMatch(match),
    ...(timeout !== undefined && { timeout }),
    ...(retries !== undefined && { retries }),
    ...(failureStatus !== serverErrors && {
      failures: failureStatus.map(({ min, max }) => `${min}-${max}`).join(', '),
    }),
  }));
}

function viewService(service: Service): object {
  const { callers } = service;
  return {
    ...(service.headless && { headless: true }),
    ...(service.logical && { logical: true }),
    ...(!service.inMesh && { inMesh: false }),
    callers: callers === 'anyone' ? callers : callers.map(shortIdentity),
    ports: Object.fromEntries(service.ports.map(port => [`${port.number} ${port.protocol}`, viewPort(service, port)])),
  };
}

function viewPort(service: Service, port: ServicePort): object | string {
  const endpoints = port.endpoints.map(endpoint => viewEndpoint(service, endpoint));
  const routes = port.outbound.routes.map(viewRoute);
  const [only] = port.outbound.routes;
  const own =
    routes.length === 1 && only !== undefined && 'default' in only.origin && only.origin.default === 'OwnEndpoints';
  return own ? endpoints.join(', ') || 'no endpoints' : { ...(endpoints.length > 0 && { endpoints }), routes };
}

function viewEndpoint(service: Service, { workload, port, ready, hostname }: Endpoint): string {
  const name = workload === undefined ? 'outside the mesh' : workload.replace(`${service.namespace}/`, '');
  return `${name}:${port}${hostname === undefined ? '' : ` as ${hostname}`}${ready ? '' : ' (not ready)'}`;
}

function viewRoute({ match, backends, origin }: OutboundRoute): object {
  return {
    ...(match !== undefined && { match: describeMatch(match) }),
    to: backends.length === 0 ? 503 : Object.fromEntries(backends.map(({ service, weight }) => [service, weight])),
    by: describeOrigin(origin),
  };
}

function viewWorkload({ serviceAccount, modes, reaches, ports }: Workload): object {
  return {
    serviceAccount,
    ...viewModes(modes),
    ...(reaches.length > 0 && { reaches }),
    ...(ports.length > 0 && {
      ports: Object.fromEntries(ports.map(port => [`${port.number} ${port.protocol}`, viewInbound(port)])),
    }),
  };
}

/** Those that are not the default. */
const usual = modesOf(defaultSettings);

function viewModes(modes: Modes): object {
  const own = Object.entries(modes).filter(([name, value]) => value !== usual[name as keyof Modes]);
  return own.length === 0 ? {} : { modes: Object.fromEntries(own) };
}

function viewInbound({ policy }: InboundPort): object | string {
  if (policy.authorizations.length === 0) return 'closed';
  return Object.fromEntries(
    policy.authorizations.map(authorization => [
      authorization.target.source.object.metadata.name,
      viewAuthorization(authorization),
    ]),
  );
}

function viewAuthorization({ principals, http, tcp, gaps }: Authorization): object {
  const nothing = http !== 'all' && http.length === 0 && !tcp;
  return {
    from: principals.map(({ identity, addresses }) =>
      [shortIdentity(identity), ...(addresses === undefined ? [] : ['at', addresses.join(', ') || 'no address'])].join(
        ' ',
      ),
    ),
    ...(nothing && { opens: 'nothing' }),
    ...(http === 'all' ? { http } : http.length > 0 && { http: http.map(({ match }) => describeMatch(match)) }),
    ...(tcp && { tcp }),
    ...(gaps.length > 0 && { gaps: gaps.map(({ why }) => why) }),
  };
}

/** One line for an entry: its methods, its path, its headers. */
function describeMatch({ name, path, methods, headers }: HttpRouteMatch): string {
  const conditions = headers.map(({ name, regex }) => `${name}: ${regex.pattern}`);
  const what = [methods?.join('|') ?? 'any method', path?.pattern ?? 'any path', ...conditions].join(', ');
  return `${name} (${what})`;
}

function describeOrigin(origin: Origin): string {
  const view = viewOrigin(origin);
  return 'default' in view ? `default ${view.default}` : `${view.kind} ${view.name}`;
}

/** `shop/web` for the SPIFFE ID of that service account. */
export function shortIdentity(identity: string): string {
  return identity.replace(/^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\//, '$1/');
}

import {
  type Call,
  DependsOnPod,
  decide,
  type Endpoint,
  type MeshModel,
  type ServicePort,
  serviceOf,
  type Verdict,
} from '@heddle/mesh';
import { wireText } from '@heddle/smi';
import { normalizePath } from '../../packages/mesh/src/explain/normalize-path.ts';

/** One way in which a call may end, and how often it does. */
export interface Ending {
  readonly verdict: Verdict;
  /** 0 to 1; those of all endings of a call add up to 1. */
  readonly share: number;
  /** `namespace/name` of the workload that answers, where one does. */
  readonly workload?: string;
}

/**
 * All ways in which a call may end, as `decide` has it: one for each backend with a share and each ready endpoint of that,
 * found by asking about a mesh in which there is no other. Throws where the verdict on the call as a whole is not theirs
 * taken together (S13).
 */
export function endingsOf(model: MeshModel, call: Call): readonly Ending[] {
  const whole = tryDecide(model, call);
  const first = whole ?? decide(withOneEndpointEach(model, call), call);
  const backends = first.backends.filter(({ share }) => share > 0);
  if (backends.length === 0) return [{ verdict: first, share: 1 }];
  const endings = backends.flatMap(({ namespace, service, port, share }) => {
    const backend = { key: `${namespace}/${service}`, port };
    const toBackend = withBackend(model, call, backend);
    const endpoints = endpointsOf(model, backend).filter(({ ready }) => ready);
    if (endpoints.length === 0) return [{ verdict: decide(toBackend, call), share }];
    return endpoints.map((endpoint): Ending => {
      const pinned = withPort(toBackend, backend, found => ({ ...found, endpoints: [endpoint] }));
      const { workload } = endpoint;
      return { verdict: decide(pinned, call), share: share / endpoints.length, ...(workload && { workload }) };
    });
  });
  if (whole !== undefined && whole.allowed !== endings.every(({ verdict }) => verdict.allowed))
    throw new Error(`the verdict is not that of the backends together: ${whole.message}`);
  return endings;
}

/**
 * What an application sees of a request that reaches it: method, target and authority. The path is normalised twice, by each
 * sidecar once; all else is as the caller addressed the root (S14), and everything is where the port takes it for bytes.
 */
export function forwarded(call: Call, { status }: Verdict): string {
  const method = call.protocol === 'grpc' ? 'POST' : call.method;
  const [host = `${call.to.service}.${call.to.namespace}:${call.to.port}`, ...more] = hostsOf(call);
  if (status === null) return [method, wireText(call.path), host].join(' ').trim();
  const hosts = [host, ...more].filter(each => each !== '').join(',');
  const [, authority = hosts, path = '/'] = /^[a-z]+:\/\/(?:[^/]*@)?([^/]*)(\/.*)?$/i.exec(call.path) ?? [];
  const target = call.path.startsWith('/') ? call.path : path;
  const once = normalizePath(call.protocol === 'grpc' ? escaped(target) : target);
  const twice = 'malformed' in once ? once : normalizePath(once.path);
  const seen = 'malformed' in once || 'malformed' in twice ? target : twice.path + once.query;
  return [method, seen, authority].join(' ').trim();
}

function hostsOf({ headers }: Call): string[] {
  return headers.flatMap(([name, value]) => (name.toLowerCase() === 'host' ? [value.trim()] : []));
}

/** HTTP/2 takes bytes above ASCII. */
function escaped(path: string): string {
  return wireText(path).replace(/[\x80-\xff]/g, byte => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

function tryDecide(model: MeshModel, call: Call): Verdict | undefined {
  try {
    return decide(model, call);
  } catch (error) {
    if (error instanceof DependsOnPod) return undefined;
    throw error;
  }
}

interface Backend {
  readonly key: string;
  readonly port: number;
}

function endpointsOf(model: MeshModel, { key, port }: Backend): readonly Endpoint[] {
  return serviceOf(model, key)?.ports.find(({ number }) => number === port)?.endpoints ?? [];
}

/** Enough to learn the backends of a call whose verdict depends on the pod. */
function withOneEndpointEach(model: MeshModel, { to }: Call): MeshModel {
  const services = [...(model.namespaces.get(to.namespace)?.services.values() ?? [])];
  return services.reduce(
    (changed, { key }) =>
      withPort(changed, { key, port: to.port }, port => ({ ...port, endpoints: port.endpoints.slice(0, 1) })),
    model,
  );
}

/** The mesh as if every route of what is called had this backend alone. */
function withBackend(model: MeshModel, { to }: Call, backend: Backend): MeshModel {
  return withPort(model, { key: `${to.namespace}/${to.service}`, port: to.port }, port => {
    const routes = port.outbound.routes.map(route => ({
      ...route,
      backends: route.backends.filter(
        ({ service, port: number }) => service === backend.key && number === backend.port,
      ),
    }));
    return { ...port, outbound: { ...port.outbound, routes } };
  });
}

/** The mesh with one port of one Service changed. */
function withPort(model: MeshModel, { key, port }: Backend, change: (port: ServicePort) => ServicePort): MeshModel {
  const service = serviceOf(model, key);
  const namespace = service && model.namespaces.get(service.namespace);
  if (service === undefined || namespace === undefined) return model;
  const ports = service.ports.map(each => (each.number === port ? change(each) : each));
  const services = new Map(namespace.services).set(service.name, { ...service, ports });
  return { ...model, namespaces: new Map(model.namespaces).set(namespace.name, { ...namespace, services }) };
}

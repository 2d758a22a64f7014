import type { Manifest, Service } from '@heddle/mesh';
import { type AskedRequest, type Summary, summaryOf, whole } from './http-route.ts';
import { field, objectsOf, type Request } from './objects.ts';

/** Share of each backend, by its name; `status` where the mesh answers by itself. */
export type Shares = ReadonlyMap<string, number> | { readonly status: number };

interface Weighted {
  readonly name: string;
  readonly weight: number;
}

/** Shares of what has a weight. */
export function sharesOf(backends: readonly Weighted[]): ReadonlyMap<string, number> {
  const sum = backends.reduce((all, { weight }) => all + weight, 0);
  const shares = new Map<string, number>();
  for (const { name, weight } of backends) if (weight > 0) shares.set(name, (shares.get(name) ?? 0) + weight / sum);
  return shares;
}

/** What becomes of calls that nothing routes: a Service without a selector has no endpoints. */
function ownShares({ name, logical }: Service): Shares {
  return logical ? { status: 503 } : sharesOf([{ name, weight: 1 }]);
}

interface VirtualRoute {
  readonly match?: readonly VirtualMatch[];
  readonly directResponse?: { readonly status: number };
  readonly route?: readonly { readonly destination: { readonly host: string }; readonly weight?: number }[];
}

type Text = { readonly exact?: string; readonly prefix?: string; readonly regex?: string };

interface VirtualMatch {
  readonly port?: number;
  readonly uri?: Text;
  readonly method?: Text;
  readonly authority?: Text;
  readonly headers?: Readonly<Record<string, Text>>;
}

/** Where a VirtualService sends a request to a name of a Service: its first route that fits. */
export function istioShares(manifests: readonly Manifest[], service: Service, port: number, request: Request): Shares {
  const host = `${service.name}.${service.namespace}.svc.`;
  const virtual = objectsOf(manifests, 'VirtualService', service.namespace).find(object =>
    field<readonly string[]>(object, 'spec', 'hosts')?.some(name => name.startsWith(host)),
  );
  if (virtual === undefined) return ownShares(service);
  const routes = field<readonly VirtualRoute[]>(virtual, 'spec', 'http') ?? [];
  const found = routes.find(({ match }) => match?.some(one => fits(one, port, request)) !== false);
  if (found === undefined) return { status: 404 };
  if (found.directResponse !== undefined) return found.directResponse;
  const backends = (found.route ?? []).map(({ destination, weight = 1 }) => ({
    name: destination.host.split('.')[0] ?? '',
    weight,
  }));
  return sharesOf(backends);
}

function fits({ port: wanted, uri, method, authority, headers = {} }: VirtualMatch, port: number, request: Request) {
  return (
    (wanted === undefined || wanted === port) &&
    says(uri, request.path) &&
    says(method, request.method) &&
    says(authority, request.headers.get('host')) &&
    Object.entries(headers).every(([name, text]) => says(text, request.headers.get(name)))
  );
}

function says(text: Text | undefined, value: string | undefined): boolean {
  if (text === undefined) return true;
  if (value === undefined) return false;
  if (text.exact !== undefined) return value === text.exact;
  if (text.prefix !== undefined) return value.startsWith(text.prefix);
  return whole(text.regex ?? '', value);
}

interface RouteRule {
  readonly matches?: readonly AskedRequest[];
  readonly backendRefs: readonly { readonly name: string; readonly weight?: number }[];
}

/** Where an HTTPRoute sends a request to a Service, when its matches are ranked as given; the better come first. */
export function routeShares(
  manifests: readonly Manifest[],
  service: Service,
  asked: { readonly port: number; readonly request: Request },
  compare: (a: Summary, b: Summary) => number,
): Shares {
  const route = objectsOf(manifests, 'HTTPRoute', service.namespace).find(
    ({ metadata }) => metadata.name === `${service.name}-${asked.port}`,
  );
  if (route === undefined) return ownShares(service);
  const rules = field<readonly RouteRule[]>(route, 'spec', 'rules') ?? [];
  const [best] = rules
    .flatMap(rule => (rule.matches ?? [{}]).flatMap(match => ({ rule, summary: summaryOf(match, asked.request) })))
    .flatMap(({ rule, summary }) => (summary === undefined ? [] : [{ rule, summary }]))
    .toSorted((a, b) => compare(a.summary, b.summary));
  if (best === undefined) return { status: 404 };
  const backends = best.rule.backendRefs.map(({ name, weight = 1 }) => ({ name, weight }));
  return backends.every(({ weight }) => weight === 0) ? { status: 500 } : sharesOf(backends);
}

/** Where a VirtualService sends a connection. */
export function istioBytes(manifests: readonly Manifest[], service: Service, port: number): Shares {
  const host = `${service.name}.${service.namespace}.svc.`;
  const virtual = objectsOf(manifests, 'VirtualService', service.namespace).find(object =>
    field<readonly string[]>(object, 'spec', 'hosts')?.some(name => name.startsWith(host)),
  );
  const routes = virtual === undefined ? [] : (field<readonly VirtualRoute[]>(virtual, 'spec', 'tcp') ?? []);
  const found = routes.find(({ match }) => match?.some(one => one.port === port) !== false);
  if (found === undefined) return ownShares(service);
  const backends = (found.route ?? []).map(({ destination, weight = 1 }) => ({
    name: destination.host.split('.')[0] ?? '',
    weight,
  }));
  return sharesOf(backends);
}

/** Where a TCPRoute sends a connection. */
export function routeBytes(manifests: readonly Manifest[], service: Service, port: number): Shares {
  const route = objectsOf(manifests, 'TCPRoute', service.namespace).find(
    ({ metadata }) => metadata.name === `${service.name}-${port}`,
  );
  const [rule] = route === undefined ? [] : (field<readonly RouteRule[]>(route, 'spec', 'rules') ?? []);
  if (rule === undefined) return ownShares(service);
  return sharesOf(rule.backendRefs.map(({ name, weight = 1 }) => ({ name, weight })));
}

import type { Manifest } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { type AskedRequest, compareByLength, summaryOf } from './http-route.ts';
import { field, objectsOf, type Place, selects, type Visit } from './objects.ts';

/** Whether Linkerd lets a visit in whatever the age of its routes, and whether it may. */
export interface LinkerdVerdict {
  readonly surely: boolean;
  readonly perhaps: boolean;
}

/**
 * Whether Linkerd lets a visit in, under a default policy of `deny`: the Server of the port decides for bytes and where it
 * has no route, else the best route that the request fits; of equals the older, which nobody knows here.
 */
export function linkerdAllows(manifests: readonly Manifest[], place: Place, visit: Visit): LinkerdVerdict {
  const all = objectsOf(manifests, 'Server', place.namespace);
  const servers = all.filter(
    server =>
      field(server, 'spec', 'port') === place.port &&
      selects(field(server, 'spec', 'podSelector', 'matchLabels'), place.labels),
  );
  const [server] = servers;
  if (servers.length > 1) throw new Error(`two Servers for port ${place.port}: ${servers.map(nameOf).join(', ')}`);
  // Where no pod is bound by policy, nobody was told to set the default policy to `deny`.
  if (server === undefined) return certain(all.length === 0);
  if (field(server, 'spec', 'accessPolicy') !== undefined) return certain(true);
  const { request } = visit;
  const routes = objectsOf(manifests, 'HTTPRoute', place.namespace).filter(route => isOf(route, server));
  if (request === undefined || routes.length === 0) {
    return certain(isAuthorized(manifests, server, visit));
  }
  const found = routes.flatMap(route => {
    const rules = field<readonly { readonly matches: readonly AskedRequest[] }[]>(route, 'spec', 'rules') ?? [];
    const [best] = rules
      .flatMap(({ matches }) => matches.flatMap(match => summaryOf(match, request) ?? []))
      .toSorted(compareByLength);
    return best === undefined ? [] : [{ route, best }];
  });
  const [first] = found.toSorted((a, b) => compareByLength(a.best, b.best));
  if (first === undefined) return certain(false);
  const equals = found.filter(({ best }) => compareByLength(best, first.best) === 0);
  const answers = equals.map(({ route }) => isAuthorized(manifests, route, visit));
  return { surely: answers.every(Boolean), perhaps: answers.some(Boolean) };
}

function certain(allowed: boolean): LinkerdVerdict {
  return { surely: allowed, perhaps: allowed };
}

function nameOf({ metadata }: KubeObject): string {
  return metadata.name;
}

function isOf(route: KubeObject, server: KubeObject): boolean {
  const parents = field<readonly { readonly kind: string; readonly name: string }[]>(route, 'spec', 'parentRefs') ?? [];
  return parents.some(({ kind, name }) => kind === 'Server' && name === server.metadata.name);
}

interface Ref {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

function isAuthorized(manifests: readonly Manifest[], { kind, metadata }: KubeObject, visit: Visit): boolean {
  const { namespace = '' } = metadata;
  return objectsOf(manifests, 'AuthorizationPolicy', namespace).some(policy => {
    const target = field<Ref>(policy, 'spec', 'targetRef');
    const required = field<readonly Ref[]>(policy, 'spec', 'requiredAuthenticationRefs') ?? [];
    return (
      target?.kind === kind &&
      target.name === metadata.name &&
      required.every(ref => isAuthenticated(manifests, namespace, ref, visit))
    );
  });
}

// oxlint-disable-next-line max-params -- who, by what, where
function isAuthenticated(manifests: readonly Manifest[], namespace: string, ref: Ref, visit: Visit): boolean {
  const found = objectsOf(manifests, ref.kind, namespace).find(({ metadata }) => metadata.name === ref.name);
  if (found === undefined) throw new Error(`there is no ${ref.kind} ${namespace}/${ref.name}`);
  if (ref.kind === 'NetworkAuthentication') return true;
  const callers = field<readonly Ref[]>(found, 'spec', 'identityRefs') ?? [];
  return callers.some(caller => caller.name === visit.serviceAccount && caller.namespace === visit.namespace);
}

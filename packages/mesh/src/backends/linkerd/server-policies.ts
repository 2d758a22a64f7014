import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import type { NamespaceModel } from '../../model/mesh-model.ts';
import type { PolicyMode } from '../../model/modes.ts';
import { originOf, type ResourceOrigin } from '../../model/origin.ts';
import type { Authorization, InboundPort, Workload } from '../../model/workload.ts';
import { type Manifest, type ManifestHead, manifestOf } from '../manifest.ts';
import { opensAnything } from '../openings.ts';
import { type RouteDialect, type RouteMatch, routeMatches } from '../routes/route-match.ts';
import { type Labels, namePart, selectWorkloads } from '../selectors.ts';
import { authenticatedTargets, authentications, probesAuthentication } from './authentications.ts';
import { probesOn } from './probes.ts';
import { type RouteGrants, routeGrants } from './route-grants.ts';

/**
 * Who may send what in one namespace: a Server for each port that Services open on a workload, which is closed but for
 * what an AuthorizationPolicy opens on it or on one of its HTTPRoutes
 * (https://linkerd.io/2/reference/authorization-policy/). Of workloads in `audit` Servers
 * alone, which let everything pass and tell it, of those in `allow-all` such that tell nothing; none where all are.
 */
export function serverPolicies(namespace: NamespaceModel, dialect: RouteDialect): Manifest[] {
  const bound = [...namespace.workloads.values()].filter(({ modes }) => modes.policy !== 'allow-all');
  if (bound.length === 0) return [];
  sayOtherPorts(namespace, dialect);
  const scope: PolicyScope = {
    dialect,
    known: authenticatedTargets(namespace, dialect.shortfalls),
    used: new Set(),
  };
  const servers = [...namespace.workloads.values()].flatMap(workload => {
    const [selection] = selectWorkloads(namespace, [workload]).selections;
    if (selection === undefined) sayIndistinct(workload, dialect);
    return selection === undefined
      ? []
      : workload.ports.flatMap(port => serverOf(workload, port, selection.labels, scope));
  });
  return [...servers, ...authentications(namespace, scope.used)];
}

interface PolicyScope {
  readonly dialect: RouteDialect;
  /** Names of the TrafficTargets of which a caller can be named. */
  readonly known: ReadonlySet<string>;
  /** Those of them that open anything. */
  readonly used: Set<string>;
}

const group = 'policy.linkerd.io';

function sayOtherPorts({ name, targets }: NamespaceModel, { shortfalls }: RouteDialect): void {
  const [first] = targets.values();
  if (first === undefined) return;
  const message = `Linkerd leaves ports that no Service opens to its default policy: annotate the namespace ${name} with config.linkerd.io/default-inbound-policy: deny.`;
  shortfalls.say('DependsOnTarget', first.origin, message);
}

function sayIndistinct({ key, ports }: Workload, { shortfalls }: RouteDialect): void {
  const message = `Linkerd selects pods by labels, and those of ${key} do not tell its pods from others: its default policy holds for them. Give them a label of their own.`;
  for (const { target } of ports.flatMap(({ policy }) => policy.authorizations)) {
    shortfalls.say('Unsupported', target, message);
  }
}

function serverOf(workload: Workload, port: InboundPort, labels: Labels, scope: PolicyScope): Manifest[] {
  const accessPolicy = accessPolicies[workload.modes.policy];
  const server: NamedServer = { namespace: workload.namespace, name: `${namePart(workload)}-${port.number}` };
  const authorizations = port.policy.authorizations
    .filter(opensAnything)
    .filter(({ target }) => scope.known.has(targetName(target)));
  const spec = {
    podSelector: { matchLabels: labels },
    port: port.number,
    ...(port.protocol === 'tcp' && { proxyProtocol: 'opaque' }),
    ...(accessPolicy !== undefined && { accessPolicy }),
  };
  const origins = authorizations.map(({ target }) => target);
  const made = manifestOf(headOf(server, 'Server', 'v1beta3'), spec, origins);
  if (accessPolicy !== undefined) return [made];
  for (const name of origins.map(targetName)) scope.used.add(name);
  // Where the protocol is detected, what opens all requests opens no bytes (T8).
  const isBare = authorizations.every(({ http, tcp }) => tcp || (http === 'all' && port.protocol === 'http'));
  const whole = authorizations.filter(({ tcp }) => tcp || isBare);
  return [
    made,
    ...whole.map(({ target }) =>
      allow(server, { kind: 'Server', name: server.name, as: isBare ? '' : '.bytes' }, target),
    ),
    ...(isBare
      ? []
      : [...routesOn(server, authorizations, scope.dialect), ...probeRoute(workload, port, server, scope.dialect)]),
  ];
}

/** What a Server does with what nothing opens, where that is not to refuse it. */
const accessPolicies: Readonly<Record<PolicyMode, string | undefined>> = {
  enforce: undefined,
  audit: 'audit',
  'allow-all': 'all-unauthenticated',
};

/** A Server, by which what belongs to it is named. */
interface NamedServer {
  readonly namespace: string;
  readonly name: string;
}

function headOf(server: NamedServer, kind: string, version: string, name = server.name): ManifestHead {
  return { apiVersion: `${group}/${version}`, kind, namespace: server.namespace, name };
}

function targetName({ source }: ResourceOrigin): string {
  return source.object.metadata.name;
}

/** What an AuthorizationPolicy opens, and what its name has behind that of this. */
interface Opened {
  readonly kind: 'Server' | 'HTTPRoute';
  readonly name: string;
  readonly as: '' | '.bytes';
}

/** Lets the callers of a TrafficTarget in, to a Server or a route of it. */
function allow(server: NamedServer, to: Opened, target: ResourceOrigin): Manifest {
  const { kind, name, as } = to;
  const caller = targetName(target);
  const policy = {
    targetRef: { group, kind, name },
    requiredAuthenticationRefs: [{ group, kind: 'MeshTLSAuthentication', name: caller }],
  };
  const policyName = name.endsWith(`.${caller}`) ? name : `${name}${as}.${caller}`;
  return manifestOf(headOf(server, 'AuthorizationPolicy', 'v1alpha1', policyName), policy, [target]);
}

function routesOn(server: NamedServer, authorizations: readonly Authorization[], dialect: RouteDialect): Manifest[] {
  const origins = new Map(authorizations.map(({ target }) => [targetName(target), target]));
  const routes = routeGrants(authorizations, dialect.shortfalls).flatMap(grants =>
    routesFor(server.name, grants, dialect),
  );
  return routes.flatMap(({ name, rules, targets, origins: from }) => {
    const spec = { parentRefs: [{ group, kind: 'Server', name: server.name }], rules };
    return [
      manifestOf(headOf(server, 'HTTPRoute', 'v1beta3', name), spec, from),
      ...targets
        .flatMap(target => origins.get(target) ?? [])
        .map(target => allow(server, { kind: 'HTTPRoute', name, as: '' }, target)),
    ];
  });
}

interface NamedRoute {
  readonly name: string;
  readonly rules: readonly object[];
  readonly targets: readonly string[];
  readonly origins: readonly ResourceOrigin[];
}

/** What a rule and a route of `policy.linkerd.io` take. */
const most = { matches: 8, rules: 16 } as const;

/** Routes with what the same TrafficTargets let in; several where one does not take it all. */
function routesFor(server: string, { targets, matches }: RouteGrants, dialect: RouteDialect): NamedRoute[] {
  const origins = matches === 'all' ? [] : matches.map(({ origin }) => origin);
  for (const match of matches === 'all' ? [] : matches) sayHeaders(match, dialect);
  const asked: readonly RouteMatch[] =
    matches === 'all' ? [anyRequest] : matches.flatMap(match => routeMatches(match, dialect) ?? []);
  const rules = chunks(asked, most.matches).map(some => ({ matches: some.map(withPath) }));
  const routes = chunks(rules, most.rules);
  return routes.map((some, index) => {
    const base = `${server}.${targets.join('.')}`;
    return { name: routes.length === 1 ? base : `${base}.${index + 1}`, rules: some, targets, origins };
  });
}

function sayHeaders({ headers, origin }: HttpRouteMatch, { shortfalls }: RouteDialect): void {
  for (const { name } of headers) {
    const message = `Linkerd lets a request in as soon as one of several ${name} headers fits, and beside a look-alike of the name with _ for -. Have the application refuse both.`;
    shortfalls.say('Approximated', originOf(origin.source, [...origin.path, 'headers']), message);
  }
}

const anyRequest: RouteMatch = { path: { type: 'PathPrefix', value: '/' } };

/** A match without a path is written with the one that it means, as the API server would add it. */
function withPath(match: RouteMatch): RouteMatch {
  return match.path === undefined ? { ...anyRequest, ...match } : match;
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** Once a Server has routes, Linkerd lets no probe pass by itself (T13). */
function probeRoute(
  workload: Workload,
  { number }: InboundPort,
  server: NamedServer,
  { shortfalls }: RouteDialect,
): Manifest[] {
  const probes = probesOn(workload, number);
  if (probes.length === 0) return [];
  const name = `${server.name}.probes`;
  for (const { path, origin } of probes) {
    const message = `Linkerd lets anybody send what this probe sends, GET ${path} on port ${number}.`;
    shortfalls.say('Approximated', origin, message);
  }
  const origins = probes.map(({ origin }) => origin);
  const paths = [...new Set(probes.map(({ path }) => path))].toSorted();
  const matches = paths.map(value => ({ path: { type: 'Exact', value }, method: 'GET' }));
  const route = {
    parentRefs: [{ group, kind: 'Server', name: server.name }],
    rules: chunks(matches, most.matches).map(some => ({ matches: some })),
  };
  const policy = {
    targetRef: { group, kind: 'HTTPRoute', name },
    requiredAuthenticationRefs: [{ group, kind: 'NetworkAuthentication', name }],
  };
  return [
    manifestOf(headOf(server, 'HTTPRoute', 'v1beta3', name), route, origins),
    manifestOf(headOf(server, 'AuthorizationPolicy', 'v1alpha1', name), policy, origins),
    probesAuthentication(server.namespace, name, origins),
  ];
}

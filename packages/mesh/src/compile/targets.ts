import type { TrafficTarget, TrafficTargetRule } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import { spiffeId } from '../model/mesh-model.ts';
import { originOf, type ResourceOrigin } from '../model/origin.ts';
import type { Protocol } from '../model/service.ts';
import type { Authorization, Gap, Principal, RouteGrant } from '../model/workload.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import { entriesOf } from './route-groups.ts';

/** A TrafficTarget with its references followed, before it is seen from one port. */
export interface ResolvedTarget {
  readonly target: Resource<TrafficTarget>;
  readonly principals: readonly Principal[];
  /** Entries of the HTTPRouteGroups that it names, in order. */
  readonly entries: readonly RouteGrant[];
  readonly tcpRules: readonly { readonly origin: ResourceOrigin; readonly ports: 'all' | readonly number[] | 'none' }[];
  /** Whether TCPRoutes only bound what HTTP rules open, since a rule of another kind stands beside them (T8). */
  readonly boundsOnly: boolean;
  /** Whether every rule is a TCPRoute, as detected ports ask for (T8). */
  readonly tcpOnly: boolean;
  readonly gaps: readonly Gap[];
  readonly findings: readonly Finding[];
}

/** Names of the route objects that a target depends on, by kind. */
export function dependenciesOf(target: Resource<TrafficTarget>, resources: NamespaceResources): unknown[] {
  return target.value.spec.rules.map(rule => routeObject(rule, resources));
}

function routeObject(rule: TrafficTargetRule, resources: NamespaceResources): unknown {
  if (rule.kind === 'HTTPRouteGroup') return resources.routeGroups.get(rule.name);
  if (rule.kind === 'TCPRoute') return resources.tcpRoutes.get(rule.name);
  return rule.kind === 'UDPRoute' ? resources.udpRoutes.get(rule.name) : undefined;
}

/** Follows the references of a target: a missing object or entry allows nothing and is a finding (T4, T5). */
export function resolveTarget(
  target: Resource<TrafficTarget>,
  resources: NamespaceResources,
  trustDomain: string,
): ResolvedTarget {
  const findings: Finding[] = [];
  const gaps: Gap[] = [];
  const entries: RouteGrant[] = [];
  const tcpRules: ResolvedTarget['tcpRules'][number][] = [];
  const { rules } = target.value.spec;
  for (const [index, rule] of rules.entries()) {
    const path = ['spec', 'rules', index];
    const origin = originOf(target.source, path);
    const miss = (
      reason: 'RouteGroupNotFound' | 'RouteMatchNotFound',
      field: readonly (string | number)[],
      why: string,
    ) => {
      findings.push(
        findingAt(reason, target.source, [...path, ...field], `${why}; it allows nothing. Create it or mend the name.`),
      );
      gaps.push({ origin: originOf(target.source, [...path, ...field]), why });
    };
    if (
      rule.kind !== '' &&
      routeObject(rule, resources) === undefined &&
      ['HTTPRouteGroup', 'TCPRoute', 'UDPRoute'].includes(rule.kind)
    ) {
      miss('RouteGroupNotFound', ['name'], `there is no ${rule.kind} ${rule.name} in ${target.ref.namespace}`);
    }
    if (rule.kind === 'HTTPRouteGroup') {
      const picked = pickEntries(rule, resources, (field, why) => miss('RouteMatchNotFound', field, why));
      entries.push(...picked.map(match => ({ match, rule: origin })));
    } else if (rule.kind === 'TCPRoute') {
      const ports = resources.tcpRoutes.get(rule.name)?.value.spec.matches?.ports ?? [];
      tcpRules.push({
        origin,
        ports: !resources.tcpRoutes.has(rule.name) ? 'none' : ports.length === 0 ? 'all' : ports,
      });
    } else if (rule.kind === 'UDPRoute') {
      findings.push(
        findingAt('UdpNotCarried', target.source, path, 'UDP is not carried by the mesh, so this rule opens nothing.'),
      );
    }
  }
  return {
    target,
    principals: principalsOf(target, trustDomain, gaps),
    entries,
    tcpRules,
    boundsOnly: rules.some(rule => rule.kind !== 'TCPRoute' && rule.kind !== 'UDPRoute'),
    tcpOnly: rules.every(rule => rule.kind === 'TCPRoute'),
    gaps,
    findings,
  };
}

function pickEntries(
  rule: TrafficTargetRule,
  resources: NamespaceResources,
  miss: (field: readonly (string | number)[], why: string) => void,
): readonly HttpRouteMatch[] {
  const group = resources.routeGroups.get(rule.name);
  if (group === undefined) return [];
  const entries = entriesOf(group);
  if (rule.matches === undefined) return entries;
  return rule.matches.flatMap((name, index) => {
    const picked = entries.filter(entry => entry.name === name);
    if (picked.length === 0) miss(['matches', index], `HTTPRouteGroup ${rule.name} has no entry ${name} in force`);
    return picked;
  });
}

function principalsOf(target: Resource<TrafficTarget>, trustDomain: string, gaps: Gap[]): Principal[] {
  return target.value.spec.sources.flatMap((source, index) => {
    const origin = originOf(target.source, ['spec', 'sources', index]);
    if (source.kind === 'ServiceAccount') {
      return [{ identity: spiffeId(trustDomain, source.namespace ?? target.ref.namespace, source.name), origin }];
    }
    gaps.push({ origin, why: `${source.kind} ${source.name} stands for nobody here` });
    return [];
  });
}

const seen = new WeakMap<ResolvedTarget, Map<string, Authorization>>();

/** What a target opens on one port of the pods that it protects (T8, T10); made once for each target and kind of port. */
export function authorizationOn(resolved: ResolvedTarget, port: number, protocol: Protocol): Authorization {
  let byPort = seen.get(resolved);
  if (byPort === undefined) {
    byPort = new Map();
    seen.set(resolved, byPort);
  }
  const key = `${port}/${protocol}`;
  let authorization = byPort.get(key);
  if (authorization === undefined) {
    authorization = authorize(resolved, port, protocol);
    byPort.set(key, authorization);
  }
  return authorization;
}

function authorize(resolved: ResolvedTarget, port: number, protocol: Protocol): Authorization {
  const { target, principals, tcpRules } = resolved;
  const gaps = [...resolved.gaps];
  const closed = { target: originOf(target.source), principals, http: [], tcp: false } as const;
  const bound = target.value.spec.destination.port;
  if (bound !== undefined && bound !== port) {
    gaps.push({
      origin: originOf(target.source, ['spec', 'destination', 'port']),
      why: `it is for port ${bound}, not ${port}`,
    });
    return { ...closed, gaps };
  }
  const rule = tcpRules.find(({ ports }) => ports === 'all' || (ports !== 'none' && ports.includes(port)));
  for (const { origin, ports } of tcpRules) {
    if (Array.isArray(ports) && !ports.includes(port))
      gaps.push({ origin, why: `it is for port ${ports.join(', ')}, not ${port}` });
  }
  const opensPort = rule !== undefined && { portRule: rule.origin };
  if (protocol === 'udp') return { ...closed, gaps };
  if (protocol === 'tcp') {
    const why = `port ${port} does not speak HTTP, which takes a TCPRoute`;
    for (const { rule: origin } of resolved.entries) gaps.push({ origin, why });
    return { ...closed, tcp: rule !== undefined, ...opensPort, gaps };
  }
  if (resolved.boundsOnly) {
    const open = tcpRules.length === 0 || rule !== undefined;
    return { ...closed, http: open ? resolved.entries : [], gaps };
  }
  return {
    ...closed,
    http: rule === undefined ? [] : 'all',
    tcp: protocol === 'detect' && resolved.tcpOnly && rule !== undefined,
    ...opensPort,
    gaps,
  };
}

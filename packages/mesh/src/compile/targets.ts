import type { FieldPath, SourceObject, TCPRoute, TrafficTarget, TrafficTargetRule } from '@heddle/smi';
import type { Reason } from '../findings/catalogue.ts';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import { spiffeId } from '../model/mesh-model.ts';
import { originOf, type ResourceOrigin } from '../model/origin.ts';
import type { Gap, Principal, RouteGrant } from '../model/workload.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import { entriesOf } from './route-groups.ts';

/** A TrafficTarget with its references followed, before it is seen from one port. */
export interface ResolvedTarget {
  readonly target: Resource<TrafficTarget>;
  readonly principals: readonly Principal[];
  /** Entries of the HTTPRouteGroups that it names, in order. */
  readonly entries: readonly RouteGrant[];
  readonly tcpRules: readonly TcpRule[];
  /** Whether TCPRoutes only bound what HTTP rules open, since a rule of another kind stands beside them (T8). */
  readonly boundsOnly: boolean;
  /** Whether every rule is a TCPRoute, as detected ports ask for (T8). */
  readonly tcpOnly: boolean;
  /** Every number of a pod's port that it writes, in its TCPRoutes too. */
  readonly numbers: readonly WrittenNumber[];
  readonly gaps: readonly Gap[];
  readonly findings: readonly Finding[];
}

/** A TCPRoute as a rule names it. */
export interface TcpRule {
  readonly origin: ResourceOrigin;
  /** `none` for one that does not exist. */
  readonly ports: 'all' | readonly number[] | 'none';
}

/** The number of a port, and where it was written. */
export interface WrittenNumber {
  readonly number: number;
  readonly source: SourceObject;
  readonly path: FieldPath;
}

/** The route objects that a target depends on, in the order of its rules. */
export function dependenciesOf(target: Resource<TrafficTarget>, resources: NamespaceResources): unknown[] {
  return target.value.spec.rules.map(rule => routeObject(rule, resources));
}

function routeObject(rule: TrafficTargetRule, resources: NamespaceResources): unknown {
  if (rule.kind === 'HTTPRouteGroup') return resources.routeGroups.get(rule.name);
  if (rule.kind === 'TCPRoute') return resources.tcpRoutes.get(rule.name);
  return rule.kind === 'UDPRoute' ? resources.udpRoutes.get(rule.name) : undefined;
}

/** What is said of a target while its references are followed. */
class Remarks {
  readonly gaps: Gap[] = [];
  readonly findings: Finding[] = [];
  readonly #source: SourceObject;

  constructor(source: SourceObject) {
    this.#source = source;
  }

  /** Something opens nothing: `why` is a clause. */
  gap(path: FieldPath, why: string): void {
    this.gaps.push({ origin: originOf(this.#source, path), why });
  }

  /** The same, and what to do about it: a sentence. */
  miss(reason: Reason, path: FieldPath, why: string, hint: string): void {
    this.gap(path, why);
    const sentence = `${why.charAt(0).toUpperCase()}${why.slice(1)}`;
    this.findings.push(findingAt(reason, this.#source, path, `${sentence}${hint}`));
  }
}

/** Follows the references of a target: a missing object or entry allows nothing and is a finding (T4, T5). */
export function resolveTarget(
  target: Resource<TrafficTarget>,
  resources: NamespaceResources,
  trustDomain: string,
): ResolvedTarget {
  const { rules, destination } = target.value.spec;
  const remarks = new Remarks(target.source);
  const numbers: WrittenNumber[] = [];
  if (destination.port !== undefined) {
    numbers.push({ number: destination.port, source: target.source, path: ['spec', 'destination', 'port'] });
  }
  const entries: RouteGrant[] = [];
  const tcpRules: TcpRule[] = [];
  for (const [index, rule] of rules.entries()) {
    const path = ['spec', 'rules', index];
    const origin = originOf(target.source, path);
    sayUnusable(rule, { path, resources, namespace: target.ref.namespace }, remarks);
    if (rule.kind === 'HTTPRouteGroup') {
      entries.push(...pickEntries(rule, path, resources, remarks).map(match => ({ match, rule: origin })));
    } else if (rule.kind === 'TCPRoute') {
      const route = resources.tcpRoutes.get(rule.name);
      tcpRules.push({ origin, ports: portsOf(route) });
      numbers.push(...numbersIn(route));
    }
  }
  return {
    target,
    principals: principalsOf(target, trustDomain, remarks),
    entries,
    tcpRules,
    boundsOnly: rules.some(({ kind }) => kind !== 'TCPRoute' && kind !== 'UDPRoute'),
    tcpOnly: rules.every(({ kind }) => kind === 'TCPRoute'),
    numbers,
    gaps: remarks.gaps,
    findings: remarks.findings,
  };
}

/** Says why a whole rule opens nothing: its object is missing, or nothing is made of its kind (T4, T5, T14). */
function sayUnusable(
  rule: TrafficTargetRule,
  at: { readonly path: FieldPath; readonly resources: NamespaceResources; readonly namespace: string },
  remarks: Remarks,
): void {
  const { path, resources, namespace } = at;
  const { kind, name } = rule;
  if (!routeKinds.has(kind)) {
    // The parser has said so already.
    remarks.gap(path, kind === '' ? unreadable : `${kind} is not a kind of rule`);
  } else if (routeObject(rule, resources) === undefined) {
    const hint = '; it allows nothing. Create it or mend the name.';
    remarks.miss('RouteGroupNotFound', [...path, 'name'], `there is no ${kind} ${name} in ${namespace}`, hint);
  }
  if (kind === 'UDPRoute') {
    remarks.miss('UdpNotCarried', path, 'UDP is not carried by the mesh', ', so this rule opens nothing.');
  }
}

const unreadable = 'it can’t be read';

const routeKinds: ReadonlySet<string> = new Set(['HTTPRouteGroup', 'TCPRoute', 'UDPRoute']);

function pickEntries(
  { name: group, matches }: TrafficTargetRule,
  path: FieldPath,
  resources: NamespaceResources,
  remarks: Remarks,
): readonly HttpRouteMatch[] {
  const found = resources.routeGroups.get(group);
  if (found === undefined) return [];
  const entries = entriesOf(found);
  if (matches === undefined) return entries;
  return matches.flatMap((name, index) => {
    if (name === '') remarks.gap([...path, 'matches', index], unreadable);
    const picked = entries.filter(entry => entry.name === name);
    if (picked.length === 0 && name !== '') {
      const hint = '; it allows nothing. Create it or mend the name.';
      const why = `HTTPRouteGroup ${group} has no entry ${name} in force`;
      remarks.miss('RouteMatchNotFound', [...path, 'matches', index], why, hint);
    }
    return picked;
  });
}

function portsOf(route: Resource<TCPRoute> | undefined): TcpRule['ports'] {
  if (route === undefined) return 'none';
  const ports = route.value.spec.matches?.ports ?? [];
  return ports.length === 0 ? 'all' : ports;
}

function numbersIn(route: Resource<TCPRoute> | undefined): WrittenNumber[] {
  return (route?.value.spec.matches?.ports ?? []).map((number, index) => ({
    number,
    source: (route as Resource<TCPRoute>).source,
    path: ['spec', 'matches', 'ports', index],
  }));
}

function principalsOf(target: Resource<TrafficTarget>, trustDomain: string, remarks: Remarks): Principal[] {
  return target.value.spec.sources.flatMap(({ kind, name, namespace }, index) => {
    const path = ['spec', 'sources', index];
    if (kind === 'ServiceAccount') {
      const identity = spiffeId(trustDomain, namespace ?? target.ref.namespace, name);
      return [{ identity, origin: originOf(target.source, path) }];
    }
    const why = kind === '' ? unreadable : `${kind} ${name} stands for nobody here`;
    if (kind === 'IdentityBinding') {
      remarks.miss(
        'UnsupportedKind',
        [...path, 'kind'],
        why,
        ', since bindings are not followed yet; name ServiceAccounts.',
      );
    } else remarks.gap(path, why);
    return [];
  });
}

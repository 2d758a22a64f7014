import type { FieldPath, IdentityBinding, SourceObject, TCPRoute, TrafficTarget, TrafficTargetRule } from '@heddle/smi';
import type { Reason } from '../findings/catalogue.ts';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import { spiffeId } from '../model/mesh-model.ts';
import { originOf, type ResourceOrigin } from '../model/origin.ts';
import type { ResolvedTarget, TcpRule } from '../model/target.ts';
import type { Authorization, Gap, Principal, RouteGrant } from '../model/workload.ts';
import type { Resource } from '../store/resource-set.ts';
import type { Scope } from './scope.ts';

/** A TrafficTarget with its references followed, and what is said of it. */
export interface TargetUnit {
  readonly target: Resource<TrafficTarget>;
  readonly resolved: ResolvedTarget;
  /** What it opens on ports, by number and protocol: made once for each that is asked for. */
  readonly onPorts: Map<string, Authorization>;
  /** Every number of a pod's port that it writes, in its TCPRoutes too. */
  readonly numbers: readonly WrittenNumber[];
  readonly findings: readonly Finding[];
}

/** The number of a port, and where it was written. */
export interface WrittenNumber {
  readonly number: number;
  readonly source: SourceObject;
  readonly path: FieldPath;
}

/** The route objects and bindings that a target depends on, in the order in which it names them. */
export function dependenciesOf(target: Resource<TrafficTarget>, scope: Scope): unknown[] {
  const { rules, sources, destination } = target.value.spec;
  return [
    ...rules.map(rule => routeObject(rule, scope)),
    ...[destination, ...sources].map(reference => bindingOf(reference, target, scope)),
  ];
}

function routeObject({ kind, name }: TrafficTargetRule, { resources, routeGroups }: Scope): unknown {
  if (kind === 'HTTPRouteGroup') return routeGroups.get(name);
  if (kind === 'TCPRoute') return resources.tcpRoutes.get(name);
  return kind === 'UDPRoute' ? resources.udpRoutes.get(name) : undefined;
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
export function resolveTarget(target: Resource<TrafficTarget>, scope: Scope): TargetUnit {
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
    sayUnusable(rule, path, scope, remarks);
    if (rule.kind === 'HTTPRouteGroup') {
      entries.push(...pickEntries(rule, path, scope, remarks).map(match => ({ match, rule: origin })));
    } else if (rule.kind === 'TCPRoute') {
      const route = scope.resources.tcpRoutes.get(rule.name);
      tcpRules.push({ origin, ports: portsOf(route) });
      numbers.push(...numbersIn(route));
    }
  }
  const resolved: ResolvedTarget = {
    name: target.ref.name,
    origin: originOf(target.source),
    ...destinationOf(target, scope, remarks),
    principals: principalsOf(target, scope, remarks),
    entries,
    tcpRules,
    boundsOnly: rules.some(({ kind }) => kind !== 'TCPRoute' && kind !== 'UDPRoute'),
    tcpOnly: rules.every(({ kind }) => kind === 'TCPRoute'),
    gaps: remarks.gaps,
  };
  return { target, resolved, onPorts: new Map(), numbers, findings: remarks.findings };
}

/** Pods by the service account that the destination names, or that its binding does (T11). */
function destinationOf(
  target: Resource<TrafficTarget>,
  scope: Scope,
  remarks: Remarks,
): Pick<ResolvedTarget, 'destination'> {
  const { destination } = target.value.spec;
  const name = destination.kind === 'ServiceAccount' ? destination.name : boundAccount(target, scope, remarks);
  if (name === undefined) return {};
  const identity = spiffeId(scope.settings.trustDomain, scope.namespace, name);
  const { port } = destination;
  return { destination: { serviceAccount: name, identity, ...(port !== undefined && { port }) } };
}

function boundAccount(target: Resource<TrafficTarget>, scope: Scope, remarks: Remarks): string | undefined {
  const { destination } = target.value.spec;
  if (destination.kind !== 'IdentityBinding') return undefined;
  const path = ['spec', 'destination', 'name'];
  const binding = bindingOf(destination, target, scope);
  if (binding === undefined) {
    sayNoBinding({ path, name: destination.name, namespace: scope.namespace }, remarks);
    return undefined;
  }
  const { serviceAccount, podLabelSelector, spiffeIdentities } = binding.value.spec.schemes;
  if (podLabelSelector !== undefined || spiffeIdentities !== undefined) {
    const why = `only the serviceAccount of IdentityBinding ${destination.name} names pods here`;
    remarks.miss('Unsupported', path, why, '; its other schemes open none.');
  }
  return serviceAccount;
}

/** Says why a whole rule opens nothing: its object is missing, or nothing is made of its kind (T4, T5, T14). */
function sayUnusable(rule: TrafficTargetRule, path: FieldPath, scope: Scope, remarks: Remarks): void {
  const { kind, name } = rule;
  if (!routeKinds.has(kind)) {
    // The parser has said so already.
    remarks.gap(path, kind === '' ? unreadable : `${kind} is not a kind of rule`);
  } else if (routeObject(rule, scope) === undefined) {
    const hint = '; it allows nothing. Create it or mend the name.';
    remarks.miss('RouteGroupNotFound', [...path, 'name'], `there is no ${kind} ${name} in ${scope.namespace}`, hint);
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
  { routeGroups }: Scope,
  remarks: Remarks,
): readonly HttpRouteMatch[] {
  const entries = routeGroups.get(group) ?? [];
  if (matches === undefined || !routeGroups.has(group)) return entries;
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

function principalsOf(target: Resource<TrafficTarget>, scope: Scope, remarks: Remarks): Principal[] {
  return target.value.spec.sources.flatMap((source, index): Principal[] => {
    const { kind, name } = source;
    const namespace = source.namespace ?? scope.namespace;
    const path = ['spec', 'sources', index];
    if (kind === 'ServiceAccount') return [accountPrincipal({ namespace, name }, originOf(target.source, path), scope)];
    if (kind !== 'IdentityBinding') {
      remarks.gap(path, kind === '' ? unreadable : `${kind} ${name} stands for nobody here`);
      return [];
    }
    const binding = bindingOf(source, target, scope);
    if (binding === undefined) {
      sayNoBinding({ path: [...path, 'name'], name, namespace }, remarks);
      return [];
    }
    return boundPrincipals(binding, originOf(target.source, path), { scope, remarks });
  });
}

/** Whom a binding stands for: the account of its own namespace, and SPIFFE IDs, which may be anybody's (T11). */
function boundPrincipals(
  { ref, value }: Resource<IdentityBinding>,
  origin: ResourceOrigin,
  { scope, remarks }: { readonly scope: Scope; readonly remarks: Remarks },
): Principal[] {
  const { serviceAccount, spiffeIdentities = [], podLabelSelector } = value.spec.schemes;
  if (podLabelSelector !== undefined) {
    const why = `the labels of IdentityBinding ${ref.name} stand for nobody here`;
    remarks.miss('Unsupported', origin.path, why, '; name a ServiceAccount or SPIFFE IDs.');
  }
  return [
    ...(serviceAccount === undefined
      ? []
      : [accountPrincipal({ namespace: ref.namespace, name: serviceAccount }, origin, scope)]),
    ...spiffeIdentities.map(id => spiffePrincipal(id, origin, scope)),
  ];
}

function accountPrincipal(
  serviceAccount: { readonly namespace: string; readonly name: string },
  origin: ResourceOrigin,
  { settings }: Scope,
): Principal {
  return {
    identity: spiffeId(settings.trustDomain, serviceAccount.namespace, serviceAccount.name),
    serviceAccount,
    origin,
  };
}

function spiffePrincipal(written: string, origin: ResourceOrigin, { settings }: Scope): Principal {
  const identity = written.startsWith('spiffe://') ? written : `spiffe://${written}`;
  const [, domain, namespace, name] = /^spiffe:\/\/([^/]+)\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(identity) ?? [];
  const isOurs = domain === settings.trustDomain && namespace !== undefined && name !== undefined;
  return { identity, ...(isOurs && { serviceAccount: { namespace, name } }), origin };
}

function bindingOf(
  { kind, name, namespace }: { readonly kind: string; readonly name: string; readonly namespace?: string },
  { ref }: Resource<TrafficTarget>,
  { bindings }: Scope,
): Resource<IdentityBinding> | undefined {
  return kind === 'IdentityBinding' ? bindings.get(`${namespace ?? ref.namespace}/${name}`) : undefined;
}

function sayNoBinding(
  { path, name, namespace }: { readonly path: FieldPath; readonly name: string; readonly namespace: string },
  remarks: Remarks,
): void {
  const why = `there is no IdentityBinding ${name} in ${namespace}`;
  remarks.miss('IdentityNotFound', path, why, '; it stands for nobody. Create it or mend the name.');
}

import type { FieldPath, SourceObject, TCPRoute, TrafficTarget, TrafficTargetRule } from '@heddle/smi';
import type { Finding } from '../findings/finding.ts';
import { type HttpRouteMatch, whyNoVoucher } from '../model/http-route-match.ts';
import { spiffeId } from '../model/mesh-model.ts';
import { originOf } from '../model/origin.ts';
import type { ResolvedTarget, TcpRule } from '../model/target.ts';
import type { Authorization, RouteGrant } from '../model/workload.ts';
import type { Resource } from '../store/resource-set.ts';
import { accountOf, bindingOf, principalsOf, sayNoBinding } from './principals.ts';
import type { Scope } from './scope.ts';
import { TargetRemarks } from './target-remarks.ts';

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

/** Follows the references of a target: a missing object or entry allows nothing and is a finding (T4, T5). */
export function resolveTarget(target: Resource<TrafficTarget>, scope: Scope): TargetUnit {
  const { rules, destination } = target.value.spec;
  const remarks = new TargetRemarks(target.source);
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
      const picked = pickEntries(rule, path, scope, remarks);
      sayUnsafeHeaders(picked, path, remarks);
      entries.push(...picked.map(match => ({ match, rule: origin })));
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

/** Pods by the service account that the destination names, or by what its binding says (T11). */
function destinationOf(
  target: Resource<TrafficTarget>,
  scope: Scope,
  remarks: TargetRemarks,
): Pick<ResolvedTarget, 'destination'> {
  const { destination } = target.value.spec;
  const bound = destination.kind === 'ServiceAccount' ? undefined : boundDestination(target, scope, remarks);
  const names = destination.kind === 'ServiceAccount' ? [destination.name] : (bound?.names ?? []);
  if (names.length === 0 && bound?.selector === undefined) return {};
  const accounts = names.map(name => ({ name, identity: spiffeId(scope.settings.trustDomain, scope.namespace, name) }));
  const { port } = destination;
  return {
    destination: {
      accounts,
      ...(bound?.selector !== undefined && { selector: bound.selector }),
      ...(port !== undefined && { port }),
    },
  };
}

interface BoundDestination {
  readonly names: readonly string[];
  readonly selector?: Readonly<Record<string, string>>;
}

/** A binding stands for workloads of its own namespace only, by whichever scheme. */
function boundDestination(
  target: Resource<TrafficTarget>,
  scope: Scope,
  remarks: TargetRemarks,
): BoundDestination | undefined {
  const { destination } = target.value.spec;
  if (destination.kind !== 'IdentityBinding') return undefined;
  const path = ['spec', 'destination', 'name'];
  const binding = bindingOf(destination, target, scope);
  if (binding === undefined) {
    sayNoBinding({ path, name: destination.name, namespace: scope.namespace }, remarks);
    return undefined;
  }
  const { serviceAccount, podLabelSelector, spiffeIdentities = [] } = binding.resource.value.spec.schemes;
  const names = new Set(serviceAccount === undefined ? [] : [serviceAccount]);
  for (const written of spiffeIdentities) {
    const account = accountOf(written, scope.settings);
    if (account?.namespace === scope.namespace) names.add(account.name);
    else {
      const why = `${written} of IdentityBinding ${destination.name} is no identity of ${scope.namespace}`;
      remarks.miss('Unsupported', path, why, ', so it opens no pod. A destination is in the namespace of its target.');
    }
  }
  return {
    names: [...names].toSorted(),
    ...(podLabelSelector !== undefined && { selector: podLabelSelector.matchLabels ?? {} }),
  };
}

/** Says why a whole rule opens nothing: its object is missing, or nothing is made of its kind (T4, T5, T14). */
function sayUnusable(rule: TrafficTargetRule, path: FieldPath, scope: Scope, remarks: TargetRemarks): void {
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
  remarks: TargetRemarks,
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

/** Entries that are in force, match in splits, and let nothing in (H5). */
function sayUnsafeHeaders(entries: readonly HttpRouteMatch[], path: FieldPath, remarks: TargetRemarks): void {
  for (const { name, headers } of entries) {
    const [why] = headers.flatMap(header => whyNoVoucher(header.name) ?? []);
    if (why === undefined) continue;
    remarks.say('UnsafeHeader', path, `Entry ${name} lets nothing in: ${why}; ask for another header.`);
  }
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

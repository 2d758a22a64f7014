import { canGrant } from '../../model/http-route-match.ts';
import type { NamespaceModel } from '../../model/mesh-model.ts';
import type { PolicyMode } from '../../model/modes.ts';
import { originOf } from '../../model/origin.ts';
import type { Principal, Workload } from '../../model/workload.ts';
import { type Manifest, type ManifestHead, manifestOf } from '../manifest.ts';
import { type Opening, type OpenPort, openingsOf } from '../openings.ts';
import { namePart, selectWorkloads } from '../selectors.ts';
import type { Shortfalls } from '../shortfalls.ts';
import { anyPath, type Condition, entryRule, type Operation } from './entry-operations.ts';

const apiVersion = 'security.istio.io/v1';

/**
 * Who may send what in one namespace: AuthorizationPolicies that allow nothing, so that all is denied which no other
 * allows (T1, T9), and one for each TrafficTarget. Of workloads in `audit` they are dry runs: Istio tells what it would
 * deny (https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/). Those in `allow-all` have none.
 */
export function authorizationPolicies(namespace: NamespaceModel, shortfalls: Shortfalls): Manifest[] {
  const openings = openingsOf(namespace, 'Istio', shortfalls).filter(({ mode }) => mode !== 'allow-all');
  return [
    ...denials(namespace, shortfalls),
    ...openings.flatMap(opening => {
      const rules = rulesOf(opening, shortfalls);
      if (rules.length === 0) return [];
      const spec = { selector: { matchLabels: opening.labels }, action: 'ALLOW', rules };
      return [manifestOf(headOf(namespace, opening.name, opening.mode), spec, originsOf(opening))];
    }),
  ];
}

/** One for the namespace where all its workloads are in one mode, else one for each group of them. */
function denials(namespace: NamespaceModel, shortfalls: Shortfalls): Manifest[] {
  const byMode = Map.groupBy(namespace.workloads.values(), ({ modes }) => modes.policy);
  return [...byMode].flatMap(([mode, workloads]) => {
    if (mode === 'allow-all') return [];
    if (byMode.size === 1) return [manifestOf(headOf(namespace, denyByDefault, mode), {})];
    const { selections, indistinct } = selectWorkloads(namespace, workloads);
    for (const workload of indistinct) sayIndistinct(workload, shortfalls);
    return selections.map(({ labels, workloads: [first] }) => {
      const name = `${denyByDefault}.${first === undefined ? mode : namePart(first)}`;
      return manifestOf(headOf(namespace, name, mode), { selector: { matchLabels: labels } });
    });
  });
}

function sayIndistinct({ key, pods: [pod] }: Workload, shortfalls: Shortfalls): void {
  if (pod === undefined) return;
  const message = `The labels of ${key} do not tell its pods from those of workloads whose policy is another: Istio lets everybody in. Give them a label of their own.`;
  shortfalls.say('Unsupported', originOf(pod.source, ['metadata', 'labels']), message);
}

function headOf({ name: namespace }: NamespaceModel, name: string, mode: PolicyMode): ManifestHead {
  const annotations = mode === 'audit' ? { annotations: { 'istio.io/dry-run': 'true' } } : {};
  return { apiVersion, kind: 'AuthorizationPolicy', namespace, name, ...annotations };
}

/** The policy that allows nothing; its name is not one that a TrafficTarget is likely to have. */
const denyByDefault = 'heddle-deny-by-default';

/**
 * Bare ports and requests stand in rules of their own: where a connection is no HTTP, Istio ignores a rule of ALLOW as a
 * whole as soon as one of its operations asks for what only HTTP has, which closes it
 * (https://istio.io/latest/docs/tasks/security/authorization/authz-tcp/).
 */
function rulesOf({ target, ports }: Opening, shortfalls: Shortfalls): object[] {
  const principals = target.principals.flatMap(principal => nameOf(principal, shortfalls));
  if (principals.length === 0) return [];
  const from = [{ source: { principals: [...new Set(principals)].toSorted() } }];
  const rules = new Map<string, { readonly conditions: readonly Condition[]; readonly operations: PortedOperations }>();
  for (const port of ports) {
    for (const { operation, conditions } of requestsOn(port, shortfalls)) {
      const key = JSON.stringify([operation === bare, conditions]);
      const rule = rules.get(key) ?? { conditions, operations: new Map() };
      rules.set(key, rule);
      addOperation(rule.operations, operation, port.port.number);
    }
  }
  return [...rules.values()].map(({ conditions, operations }) => ({
    from,
    to: [...operations.values()].map(({ operation, ports: numbers }) => ({
      operation: { ports: [...numbers].map(String), ...operation },
    })),
    ...(conditions.length > 0 && { when: conditions }),
  }));
}

/** Anything on a port, HTTP or not. */
const bare: Operation = {};

/** What a port is opened for, each with the conditions that it asks. */
function requestsOn(
  { port, authorization: { http, tcp } }: OpenPort,
  shortfalls: Shortfalls,
): { readonly operation: Operation; readonly conditions: readonly Condition[] }[] {
  if (tcp || (http === 'all' && port.protocol === 'http')) return [{ operation: bare, conditions: [] }];
  if (http === 'all') return [{ operation: anyPath, conditions: [] }];
  return http.flatMap(({ match }) => {
    if (!canGrant(match)) return [];
    const { operations = [], conditions = [] } = entryRule(match, shortfalls) ?? {};
    return operations.map(operation => ({ operation, conditions }));
  });
}

/** Operations with the ports that they are for, by what they ask. */
type PortedOperations = Map<string, { readonly operation: Operation; readonly ports: Set<number> }>;

function addOperation(operations: PortedOperations, operation: Operation, port: number): void {
  const key = JSON.stringify(operation);
  const known = operations.get(key) ?? { operation, ports: new Set() };
  known.ports.add(port);
  operations.set(key, known);
}

/** A SPIFFE ID as Istio writes it, without its scheme; with a star it would be a wildcard. */
function nameOf({ identity, addresses, origin }: Principal, shortfalls: Shortfalls): string[] {
  if (addresses !== undefined) {
    const message = `Istio knows callers by their service account, not by the labels of their pods: nobody is let in for this. Give the pods an account of their own.`;
    shortfalls.say('Unsupported', origin, message);
    return [];
  }
  if (!identity.includes('*')) return [identity.replace('spiffe://', '')];
  shortfalls.say('Unsupported', origin, `Istio takes a star in ${identity} for any text: nobody is let in for it.`);
  return [];
}

function originsOf({ target: { origin, entries, tcpRules } }: Opening) {
  return [origin, ...entries.map(({ match }) => match.origin), ...tcpRules.map(({ origin: rule }) => rule)];
}

import type { MeshModel, NamespaceModel } from '../../model/mesh-model.ts';
import type { Authorization, InboundPort, Principal, Workload } from '../../model/workload.ts';
import { type Manifest, manifestOf } from '../manifest.ts';
import { opensAnything } from '../openings.ts';
import { namePart, type Selections, selectWorkloads } from '../selectors.ts';
import type { Shortfalls } from '../shortfalls.ts';

/**
 * What of a namespace's TrafficTargets a NetworkPolicy can say: which pods may connect to which ports of a workload. One
 * for each workload, so that its other ports are closed as well (T9). Pods are known by their labels, not by who they
 * are; the node of a pod may always connect to it, so probes pass (T13;
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/). Rules of requests are beyond it, which
 * is told of each TrafficTarget that has any.
 */
export function networkPolicies(namespace: NamespaceModel, model: MeshModel, shortfalls: Shortfalls): Manifest[] {
  return [...namespace.workloads.values()].flatMap(workload => {
    if (workload.modes.policy === 'allow-all') return [];
    if (workload.modes.policy === 'enforce') return policyOf(workload, { namespace, model, shortfalls });
    for (const { target } of authorizationsOf(workload)) {
      const message = `A NetworkPolicy always enforces, and ${workload.key} only audits: it gets none.`;
      shortfalls.say('Unsupported', target, message);
    }
    return [];
  });
}

interface Scope {
  readonly namespace: NamespaceModel;
  readonly model: MeshModel;
  readonly shortfalls: Shortfalls;
}

function authorizationsOf({ ports }: Workload): readonly Authorization[] {
  return ports.flatMap(({ policy }) => policy.authorizations).filter(opensAnything);
}

function sayRequests(authorizations: readonly Authorization[], shortfalls: Shortfalls): void {
  for (const { match, rule } of authorizations.flatMap(({ http }) => (http === 'all' ? [] : http))) {
    if (match.path === undefined && match.methods === undefined && match.headers.length === 0) continue;
    const message =
      'The Gateway API has no rules of who may send which requests: the sources may send any request to the ports. Keep Heddle, or another mesh, in front of these pods.';
    shortfalls.say('RequestsNotChecked', rule, message);
  }
}

function policyOf(workload: Workload, scope: Scope): Manifest[] {
  const labels = selectWorkloads(scope.namespace, [workload]).selections[0]?.labels;
  const authorizations = authorizationsOf(workload);
  sayRequests(authorizations, scope.shortfalls);
  if (labels === undefined) {
    for (const { target } of authorizations) {
      const message = `The labels of ${workload.key} do not tell its pods from others, so no NetworkPolicy protects them. Give them a label of their own.`;
      scope.shortfalls.say('Unsupported', target, message);
    }
    return [];
  }
  const spec = {
    podSelector: { matchLabels: labels },
    policyTypes: ['Ingress'],
    ingress: ingressOf(workload.ports, workload, scope),
  };
  const { namespace } = workload;
  const head = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace, name: namePart(workload) };
  return [
    manifestOf(
      head,
      spec,
      authorizations.map(({ target }) => target),
    ),
  ];
}

/** Ports with the same callers stand together. */
function ingressOf(ports: readonly InboundPort[], workload: Workload, scope: Scope): object[] {
  const byPeers = new Map<string, { readonly from: readonly object[]; readonly ports: object[] }>();
  for (const { number, policy } of ports) {
    const principals = policy.authorizations.filter(opensAnything).flatMap(authorization => authorization.principals);
    const from = peersOf(principals, workload, scope);
    if (from.length === 0) continue;
    const key = JSON.stringify(from);
    const known = byPeers.get(key) ?? { from, ports: [] };
    known.ports.push({ protocol: 'TCP', port: number });
    byPeers.set(key, known);
  }
  return [...byPeers.values()];
}

function peersOf(principals: readonly Principal[], workload: Workload, scope: Scope): object[] {
  const peers = new Map<string, object>();
  for (const principal of principals) {
    for (const peer of peersOfPrincipal(principal, workload, scope)) peers.set(JSON.stringify(peer), peer);
  }
  return [...peers].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, peer]) => peer);
}

function peersOfPrincipal(principal: Principal, workload: Workload, scope: Scope): object[] {
  const { identity, serviceAccount, origin } = principal;
  const say = (message: string) => scope.shortfalls.say('Unsupported', origin, message);
  if (serviceAccount === undefined) {
    say(`A NetworkPolicy knows pods by labels, not ${identity}; it lets nobody in for it.`);
    return [];
  }
  const home = scope.model.namespaces.get(serviceAccount.namespace);
  const callers = [...(home?.workloads.values() ?? [])].filter(caller => isCaller(caller, principal));
  if (home === undefined || callers.length === 0) {
    const who = `${serviceAccount.namespace}/${serviceAccount.name}`;
    say(
      `No pod runs as ${who}, so its labels are not known and a NetworkPolicy lets nobody in for it. Translate again once there is one.`,
    );
    return [];
  }
  const { selections, indistinct }: Selections = selectWorkloads(home, callers);
  for (const { key } of indistinct) {
    say(
      `The labels of ${key} do not tell its pods from others, so a NetworkPolicy does not let them in. Give them a label of their own.`,
    );
  }
  return selections.map(({ labels }) => ({
    ...(home.name !== workload.namespace && {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': home.name } },
    }),
    podSelector: { matchLabels: labels },
  }));
}

/** Whether all pods of a workload are meant; a source that picks pods by labels never means some of a workload (T11). */
function isCaller({ identity, pods }: Workload, { identity: named, addresses }: Principal): boolean {
  if (identity !== named) return false;
  return addresses === undefined || pods.every(({ address }) => address !== undefined && addresses.includes(address));
}

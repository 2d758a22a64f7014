import { canGrant } from '../model/http-route-match.ts';
import type { NamespaceModel } from '../model/mesh-model.ts';
import type { PolicyMode } from '../model/modes.ts';
import type { ResolvedTarget } from '../model/target.ts';
import type { Authorization, InboundPort, Workload } from '../model/workload.ts';
import type { Labels } from './selectors.ts';
import { namePart, selectWorkloads } from './selectors.ts';
import type { Shortfalls } from './shortfalls.ts';

/** A port of pods with what a TrafficTarget opens on it. */
export interface OpenPort {
  readonly port: InboundPort;
  readonly authorization: Authorization;
}

/** What a TrafficTarget opens on pods that one selector picks. */
export interface Opening {
  readonly target: ResolvedTarget;
  /** A name for what is made of it, unique among those of its namespace. */
  readonly name: string;
  readonly labels: Labels;
  /** What becomes of calls that nothing opens, the same on all these pods (I3, I4). */
  readonly mode: PolicyMode;
  /** By number; never empty. */
  readonly ports: readonly OpenPort[];
}

/** Whether a TrafficTarget opens anything on a port. */
export function opensAnything({ http, tcp }: Authorization): boolean {
  return tcp || http === 'all' || http.some(({ match }) => canGrant(match));
}

/**
 * What the TrafficTargets of a namespace open, on which pods: one opening for a target where one selector picks all its
 * pods and all have the same ports, else one for each group of pods. Pods that labels can't tell from others stay closed,
 * with a finding.
 */
export function openingsOf(namespace: NamespaceModel, target: string, shortfalls: Shortfalls): Opening[] {
  return [...namespace.targets.values()].flatMap(resolved => {
    const groups = Map.groupBy(openedBy(resolved, namespace), ({ signature }) => signature);
    const openings = [...groups.values()].flatMap(group => {
      const ports = group[0]?.ports ?? [];
      const workloads = group.map(({ workload }) => workload);
      const { selections, indistinct } = selectWorkloads(namespace, workloads);
      for (const { key } of indistinct) {
        const message = `${target} selects pods by labels, and those of ${key} do not tell its pods from others: they stay closed. Give them a label of their own.`;
        shortfalls.say('Unsupported', resolved.origin, message);
      }
      const mode = group[0]?.workload.modes.policy ?? 'enforce';
      return selections.map(selection => ({ ...selection, ports, mode }));
    });
    return openings.map(({ workloads: [first], ...opening }) => {
      const suffix = openings.length === 1 || first === undefined ? '' : `.${namePart(first)}`;
      return { target: resolved, name: `${resolved.name}${suffix}`, ...opening };
    });
  });
}

interface Opened {
  readonly workload: Workload;
  readonly ports: readonly OpenPort[];
  readonly signature: string;
}

function openedBy({ origin }: ResolvedTarget, { workloads }: NamespaceModel): Opened[] {
  return [...workloads.values()].flatMap(workload => {
    const ports = workload.ports.flatMap(port =>
      port.policy.authorizations
        .filter(({ target }) => target.source === origin.source)
        .filter(opensAnything)
        .map(authorization => ({ port, authorization })),
    );
    if (ports.length === 0) return [];
    return [{ workload, ports, signature: JSON.stringify([workload.modes.policy, ports.map(signatureOf)]) }];
  });
}

/** Authorizations of one target differ between pods by nothing else. */
function signatureOf({ port, authorization: { http, tcp } }: OpenPort): unknown {
  return [port.number, port.protocol, http === 'all' ? http : http.length > 0, tcp];
}

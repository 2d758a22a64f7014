import type { Finding, HeldObject } from '@heddle/mesh';
import type { AppliedChange, MeshStatus } from '../api/mesh-status.ts';
import { findingsByObject, policyByKey } from '../api/object-status.ts';
import { PolicyLedger } from './policy-ledger.ts';
import { processUse } from './process-use.ts';
import { Registry, type Sample } from './registry.ts';

/** What is read at each scrape. */
export interface MeshNow {
  readonly status: MeshStatus;
  /** Every object that the sources have. */
  readonly objects: Iterable<HeldObject>;
  readonly namespaces: Iterable<string>;
}

/** The metrics of a controller: what happens is counted as it happens, what there is is read when somebody asks. */
export class MeshMetrics {
  readonly registry = new Registry();
  /** Where each object of policy stands between its submission and its end. */
  readonly ledger = new PolicyLedger({
    applied: ({ kind, namespace }) => this.registry.add('smi_policy_applied_total', { kind, namespace }),
    rejected: ({ kind, namespace }, code) => this.registry.add('smi_policy_rejected_total', { kind, namespace, code }),
  });

  /** A response to a sidecar, or what it answered to one. */
  countXds(name: 'pushes' | 'acknowledgements' | 'rejections', typeUrl: string): void {
    this.registry.add(`heddle_xds_${name}_total`, { type: shortType(typeUrl) });
  }

  /** A change of the input is in force; one that no sidecar was told of took no time worth noting. */
  countChange({ sidecars, milliseconds }: AppliedChange): void {
    if (sidecars > 0) this.registry.observe('heddle_propagation_seconds', milliseconds / 1000);
  }

  /** Everything in Prometheus' text format; before the first pass without what there is in the mesh. */
  text(now: MeshNow | undefined, use = processUse()): string {
    if (now !== undefined) this.#read(now);
    this.registry.raise('process_cpu_seconds_total', {}, use.cpuSeconds);
    this.registry.set('process_resident_memory_bytes', [[{}, use.residentBytes]]);
    this.registry.set('process_start_time_seconds', [[{}, use.startSeconds]]);
    return this.registry.text();
  }

  #read({ status, objects, namespaces }: MeshNow): void {
    const { sidecars, findings, failing } = status;
    const { registry } = this;
    const policy = policyByKey(objects);
    registry.set('smi_policy_rejected_count', rejections(policy, findings));
    registry.set('smi_traffic_target_active', activeTargets(policy.values(), namespaces));
    registry.set(
      'heddle_findings',
      findings.map(({ code, severity }) => [{ code, severity }, 1]),
    );
    registry.set('heddle_sidecars', [[{}, sidecars.length]]);
    registry.set('heddle_sidecars_connected', [[{}, sidecars.filter(({ connected }) => connected).length]]);
    registry.set('heddle_sidecars_in_sync', [[{}, sidecars.filter(({ inSync }) => inSync).length]]);
    registry.set(
      'heddle_hop_failing',
      failing.map(({ part }) => [{ hop: part }, 1]),
    );
  }
}

/** An object counts once a code, however often the code is said of it. */
function rejections(
  policy: ReadonlyMap<string, HeldObject>,
  findings: readonly Finding[],
): Sample<'smi_policy_rejected_count'>[] {
  return [...findingsByObject(findings)].flatMap(([key, found]) => {
    const ref = policy.get(key)?.ref;
    if (ref === undefined) return [];
    const codes = new Set(found.flatMap(({ code, severity }) => (severity === 'error' ? [code] : [])));
    return [...codes].map(
      (code): Sample<'smi_policy_rejected_count'> => [{ kind: ref.kind, namespace: ref.namespace, code }, 1],
    );
  });
}

/** Every namespace has a row: one without a target is closed. */
function* activeTargets(
  policy: Iterable<HeldObject>,
  namespaces: Iterable<string>,
): Generator<Sample<'smi_traffic_target_active'>> {
  for (const namespace of namespaces) yield [{ namespace }, 0];
  for (const { ref, inForce } of policy) {
    if (ref.kind === 'TrafficTarget' && inForce !== undefined) yield [{ namespace: ref.namespace }, 1];
  }
}

/** `Cluster` for `type.googleapis.com/envoy.config.cluster.v3.Cluster`. */
function shortType(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

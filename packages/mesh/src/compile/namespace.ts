import type { TrafficTarget } from '@heddle/smi';
import type { Finding } from '../findings/finding.ts';
import { spiffeId } from '../model/mesh-model.ts';
import type { Service } from '../model/service.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { InboundPort, Workload } from '../model/workload.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import { callersOf } from './callers.ts';
import { sayDestinations } from './destinations.ts';
import { indexPods } from './endpoints.ts';
import { inboundPorts, openPorts } from './inbound.ts';
import { keepList, Memo, sameItems } from './memo.ts';
import { sayOutside } from './outside-mesh.ts';
import { identitiesByWorkload } from './port-endpoints.ts';
import { saySwappedPorts } from './port-numbers.ts';
import type { Scope } from './scope.ts';
import { readPorts, serviceUnits } from './services.ts';
import { splitsByRoot } from './split-roots.ts';
import { dependenciesOf, type ResolvedTarget, resolveTarget } from './targets.ts';
import { groupPods, type PodGroup } from './workloads.ts';

/** A workload before it is known which Services of other namespaces it reaches. */
export type LocalWorkload = Omit<Workload, 'reaches'>;

/** What one namespace says, all by itself: nothing in it depends on another namespace. */
export interface LocalNamespace {
  readonly name: string;
  readonly services: ReadonlyMap<string, Service>;
  readonly workloads: ReadonlyMap<string, LocalWorkload>;
  readonly serviceAccounts: ReadonlySet<string>;
  readonly targets: readonly ResolvedTarget[];
  readonly findings: readonly Finding[];
}

/** Compiles one namespace; keeps the units of the last pass and makes anew only those whose inputs changed. */
export class NamespaceCompiler {
  readonly #name: string;
  readonly #groups = new Memo<readonly PodGroup[]>();
  readonly #targets = new Memo<ResolvedTarget>();
  readonly #targetLists = new Memo<readonly ResolvedTarget[]>();
  readonly #portLists = new Memo<readonly InboundPort[]>();
  readonly #workloads = new Memo<LocalWorkload>();
  readonly #services = serviceUnits();
  readonly #accounts = new Memo<ReadonlySet<string>>();

  constructor(name: string) {
    this.#name = name;
  }

  /** One pass. */
  compile(resources: NamespaceResources, settings: MeshSettings): LocalNamespace {
    const scope: Scope = { namespace: this.#name, resources, settings };
    const groups = this.#groupPods(resources);
    const index = this.#services.index.get('', [resources.pods, groups], () =>
      indexPods(this.#name, resources.pods, groups),
    );
    const targets = this.#resolveTargets(resources, settings);
    const splits = this.#services.splits.get('', [resources.trafficSplits, settings], () => splitsByRoot(scope));
    const identities = identitiesByWorkload(this.#name, groups, settings);
    const ports = readPorts({ ...scope, index, identities, splits: splits.roots }, this.#services);
    const workloads = this.#compileWorkloads(groups, targets, openPorts(ports), settings);
    const services = callersOf(ports, workloads, this.#services);
    const findings = [
      ...splits.findings,
      ...ports.findings,
      ...sayOutside(services),
      ...targets.flatMap(target => target.findings),
      ...sayDestinations(targets, resources, groups),
      ...saySwappedPorts(targets, ports, workloads),
    ];
    this.#endPass();
    return {
      name: this.#name,
      services,
      workloads,
      serviceAccounts: this.#serviceAccounts(resources, groups),
      targets,
      findings,
    };
  }

  #groupPods(resources: NamespaceResources): readonly PodGroup[] {
    const previous = new Map(this.#groups.previous('')?.map(group => [group.name, group]));
    return this.#groups.get('', [resources.pods], () =>
      groupPods(resources.pods).map(group => {
        const known = previous.get(group.name);
        return known !== undefined && sameItems(known.pods, group.pods) ? known : group;
      }),
    );
  }

  #resolveTargets(resources: NamespaceResources, settings: MeshSettings): readonly ResolvedTarget[] {
    const names = [...resources.trafficTargets.keys()].toSorted();
    return names.flatMap(name => {
      const target = resources.trafficTargets.get(name);
      if (target === undefined) return [];
      const inputs = [target, settings, ...dependenciesOf(target, resources)];
      return [this.#targets.get(name, inputs, () => resolveTarget(target, resources, settings.trustDomain))];
    });
  }

  #compileWorkloads(
    groups: readonly PodGroup[],
    targets: readonly ResolvedTarget[],
    open: ReadonlyMap<string, readonly InboundPortFacts[]>,
    settings: MeshSettings,
  ): ReadonlyMap<string, LocalWorkload> {
    const byAccount = Map.groupBy(targets, ({ target }) => destinationAccount(target) ?? '');
    const workloads = new Map<string, LocalWorkload>();
    for (const group of groups) {
      const key = `${this.#name}/${group.name}`;
      const account = group.serviceAccount;
      const mine = keepList(this.#targetLists.previous(account), byAccount.get(account) ?? []);
      this.#targetLists.get(account, [mine], () => mine);
      const facts = open.get(key) ?? [];
      const ports = this.#portLists.get(key, [mine, JSON.stringify(facts)], () => inboundPorts(facts, mine));
      const identity = spiffeId(settings.trustDomain, this.#name, account);
      workloads.set(
        group.name,
        this.#workloads.get(key, [group, ports, identity], () => ({
          namespace: this.#name,
          name: group.name,
          key,
          serviceAccount: account,
          identity,
          pods: group.pods,
          ports,
        })),
      );
    }
    return workloads;
  }

  #serviceAccounts(resources: NamespaceResources, groups: readonly PodGroup[]): ReadonlySet<string> {
    const inputs = [resources.serviceAccounts, groups];
    const accounts = this.#accounts.get(
      '',
      inputs,
      () => new Set([...resources.serviceAccounts.keys(), ...groups.map(group => group.serviceAccount)]),
    );
    this.#accounts.endPass();
    return accounts;
  }

  #endPass(): void {
    for (const memo of [this.#groups, this.#targets, this.#targetLists, this.#portLists, this.#workloads])
      memo.endPass();
    this.#services.endPass();
  }
}

/** A port that Services open on a workload. */
export type InboundPortFacts = Pick<InboundPort, 'number' | 'protocol'>;

function destinationAccount(target: Resource<TrafficTarget>): string | undefined {
  const { destination } = target.value.spec;
  return destination.kind === 'ServiceAccount' ? destination.name : undefined;
}

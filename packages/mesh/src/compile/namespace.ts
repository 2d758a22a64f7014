import type { Finding } from '../findings/finding.ts';
import type { HttpRouteMatch } from '../model/http-route-match.ts';
import { type NamespaceModel, spiffeId } from '../model/mesh-model.ts';
import type { Modes } from '../model/modes.ts';
import type { Service } from '../model/service.ts';
import type { MeshSettings } from '../model/settings.ts';
import type { SplitRoot } from '../model/split.ts';
import type { ResolvedTarget } from '../model/target.ts';
import type { InboundPort, Workload } from '../model/workload.ts';
import type { NamespaceResources } from '../store/resource-set.ts';
import type { Bindings } from './bindings.ts';
import { CallerCompiler } from './callers.ts';
import { type Protectors, protectorsOf, sayDestinations } from './destinations.ts';
import { indexPods, type PodIndex } from './endpoints.ts';
import { inboundPorts, openPorts } from './inbound.ts';
import { keepList, type Memo, Memory, sameItems } from './memo.ts';
import { sayModes } from './modes.ts';
import { sayOutside } from './outside-mesh.ts';
import { identitiesByWorkload } from './port-endpoints.ts';
import { saySwappedPorts } from './port-numbers.ts';
import { type ProfileUnit, readProfile } from './profiles.ts';
import { entriesOf, type RouteGroups } from './route-groups.ts';
import type { Scope } from './scope.ts';
import { ServiceCompiler } from './services.ts';
import { type SplitRoots, splitsByRoot } from './split-roots.ts';
import { dependenciesOf, resolveTarget, type TargetUnit } from './targets.ts';
import {
  type Distinctions,
  distinctionsOf,
  groupPods,
  livingPods,
  outsidersAmong,
  type PodGroup,
} from './workloads.ts';

/** A workload before it is known which Services of other namespaces it reaches. */
export type LocalWorkload = Omit<Workload, 'reaches'>;

/** What one namespace says, all by itself: nothing in it depends on another namespace. */
export interface LocalNamespace {
  readonly name: string;
  readonly modes: Modes;
  readonly services: ReadonlyMap<string, Service>;
  readonly workloads: ReadonlyMap<string, LocalWorkload>;
  readonly serviceAccounts: ReadonlySet<string>;
  readonly outsiders: NamespaceModel['outsiders'];
  readonly targets: ReadonlyMap<string, ResolvedTarget>;
  readonly splits: ReadonlyMap<string, SplitRoot>;
  readonly profiles: readonly ProfileUnit[];
  readonly findings: readonly Finding[];
}

/** What a namespace is compiled under. */
export interface Around {
  readonly settings: MeshSettings;
  readonly bindings: Bindings;
  /** What holds for its workloads that say nothing of their own (I4). */
  readonly modes: Modes;
}

/** Compiles one namespace; keeps the units of the last pass and makes anew only those whose inputs changed. */
export class NamespaceCompiler {
  readonly #name: string;
  readonly #memory = new Memory();
  readonly #entries: Memo<readonly HttpRouteMatch[]> = this.#memory.memo();
  readonly #pods: Memo<NamespaceResources['pods']> = this.#memory.memo();
  readonly #distinctions: Memo<Distinctions> = this.#memory.memo();
  readonly #groups: Memo<readonly PodGroup[]> = this.#memory.memo();
  readonly #index: Memo<PodIndex> = this.#memory.memo();
  readonly #targets: Memo<TargetUnit> = this.#memory.memo();
  readonly #targetLists: Memo<readonly TargetUnit[]> = this.#memory.memo();
  readonly #profiles: Memo<ProfileUnit> = this.#memory.memo();
  readonly #profileLists: Memo<readonly ProfileUnit[]> = this.#memory.memo();
  readonly #splits: Memo<SplitRoots> = this.#memory.memo();
  readonly #modes: Memo<Modes> = this.#memory.memo();
  readonly #portLists: Memo<readonly InboundPort[]> = this.#memory.memo();
  readonly #workloads: Memo<LocalWorkload> = this.#memory.memo();
  readonly #outsiders: Memo<NamespaceModel['outsiders']> = this.#memory.memo();
  readonly #accounts: Memo<ReadonlySet<string>> = this.#memory.memo();
  readonly #services = new ServiceCompiler(this.#memory);
  readonly #callers = new CallerCompiler(this.#memory);

  constructor(name: string) {
    this.#name = name;
  }

  /** One pass. */
  compile(resources: NamespaceResources, around: Around): LocalNamespace {
    const { settings, bindings, modes } = around;
    const routeGroups = this.#compileRouteGroups(resources, settings);
    const scope: Scope = { namespace: this.#name, resources, routeGroups, bindings, settings };
    const pods = this.#pods.get('', [resources.pods], () => livingPods(resources.pods));
    const groups = this.#groupPods(resources, pods);
    const index = this.#index.get('', [pods, groups], () => indexPods(this.#name, pods, groups));
    const targets = this.#resolveTargets(scope);
    const splits = this.#splits.get('', [resources.trafficSplits, settings], () => splitsByRoot(scope));
    const identities = identitiesByWorkload(this.#name, groups, settings);
    const ports = this.#services.compile({ ...scope, index, identities, splits: splits.roots });
    const protectors = protectorsOf(targets, groups, index);
    const workloads = this.#compileWorkloads(groups, protectors, openPorts(ports), { settings, modes });
    const services = this.#callers.compile(ports, workloads);
    const findings = [
      ...splits.findings,
      ...ports.findings,
      ...sayOutside(services),
      ...targets.flatMap(target => target.findings),
      ...sayDestinations(targets, resources, index),
      ...saySwappedPorts(protectors, ports, workloads),
      ...sayModes(groups, workloads),
    ];
    const outsiders = this.#outsiders.get('', [pods, groups], () => outsidersAmong(pods, groups));
    const serviceAccounts = this.#serviceAccounts(resources, groups);
    const profiles = this.#readProfiles(resources, settings);
    this.#memory.endPass();
    return {
      name: this.#name,
      modes,
      services,
      workloads,
      serviceAccounts,
      outsiders,
      targets: new Map(targets.map(({ resolved }) => [resolved.name, resolved])),
      splits: ports.splits,
      profiles,
      findings: [...findings, ...profiles.flatMap(profile => profile.findings)],
    };
  }

  #compileRouteGroups(resources: NamespaceResources, { pathRegexAnchor }: MeshSettings): RouteGroups {
    const groups = new Map<string, readonly HttpRouteMatch[]>();
    for (const [name, group] of resources.routeGroups) {
      groups.set(
        name,
        this.#entries.get(name, [group, pathRegexAnchor], () => entriesOf(group, pathRegexAnchor)),
      );
    }
    return groups;
  }

  #groupPods(resources: NamespaceResources, pods: NamespaceResources['pods']): readonly PodGroup[] {
    const next = this.#distinctions.get('', [resources.services, resources.identityBindings], () =>
      distinctionsOf(resources),
    );
    const previous = this.#groups.previous('');
    const known = new Map(previous?.map(group => [group.name, group]));
    return this.#groups.get('', [pods, JSON.stringify(next)], () =>
      groupPods(pods, next, previous).map(group => {
        const before = known.get(group.name);
        return before !== undefined && sameItems(before.pods, group.pods) ? before : group;
      }),
    );
  }

  #resolveTargets(scope: Scope): readonly TargetUnit[] {
    const { trafficTargets } = scope.resources;
    return [...trafficTargets.keys()].toSorted().flatMap(name => {
      const target = trafficTargets.get(name);
      if (target === undefined) return [];
      const inputs = [target, scope.settings, ...dependenciesOf(target, scope)];
      return [this.#targets.get(name, inputs, () => resolveTarget(target, scope))];
    });
  }

  #compileWorkloads(
    groups: readonly PodGroup[],
    protectors: Protectors,
    open: ReadonlyMap<string, readonly InboundPortFacts[]>,
    { settings, modes: ofNamespace }: Pick<Around, 'settings' | 'modes'>,
  ): ReadonlyMap<string, LocalWorkload> {
    const workloads = new Map<string, LocalWorkload>();
    for (const group of groups) {
      const key = `${this.#name}/${group.name}`;
      const { name, serviceAccount, labels, pods } = group;
      const mine = keepList(this.#targetLists.previous(key), protectors.get(name) ?? []);
      this.#targetLists.get(key, [mine], () => mine);
      const facts = open.get(key) ?? [];
      const modes = this.#modes.get(key, [ofNamespace, group.modes], () => ({ ...ofNamespace, ...group.modes }));
      const ports = this.#portLists.get(key, [mine, JSON.stringify(facts), modes.mtls, modes.policy], () =>
        inboundPorts(facts, mine, modes),
      );
      const identity = spiffeId(settings.trustDomain, this.#name, serviceAccount);
      const workload = this.#workloads.get(key, [group, ports, identity, modes], () => ({
        namespace: this.#name,
        name,
        key,
        serviceAccount,
        identity,
        labels,
        pods,
        modes,
        ports,
      }));
      workloads.set(name, workload);
    }
    return workloads;
  }

  #readProfiles({ serviceProfiles }: NamespaceResources, settings: MeshSettings): readonly ProfileUnit[] {
    const units = [...serviceProfiles.keys()].toSorted().flatMap(name => {
      const profile = serviceProfiles.get(name);
      if (profile === undefined) return [];
      return [this.#profiles.get(name, [profile, settings], () => readProfile(profile, settings))];
    });
    const kept = keepList(this.#profileLists.previous(''), units);
    return this.#profileLists.get('', [kept], () => kept);
  }

  #serviceAccounts(resources: NamespaceResources, groups: readonly PodGroup[]): ReadonlySet<string> {
    return this.#accounts.get(
      '',
      [resources.serviceAccounts, groups],
      () => new Set([...resources.serviceAccounts.keys(), ...groups.map(group => group.serviceAccount)]),
    );
  }
}

/** A port that Services open on a workload. */
export type InboundPortFacts = Pick<InboundPort, 'number' | 'protocol'>;

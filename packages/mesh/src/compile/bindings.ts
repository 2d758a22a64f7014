import type { IdentityBinding } from '@heddle/smi';
import type { NamespaceResources, Resource, ResourceSet } from '../store/resource-set.ts';
import { keepList, type Memo, Memory } from './memo.ts';

/** An IdentityBinding, and whom its labels mean now. */
export interface Binding {
  readonly resource: Resource<IdentityBinding>;
  /** Empty without a selector, and where it picks no pod that is in the mesh. */
  readonly selected: readonly SelectedPods[];
}

/** Pods of one service account that a selector picks (T11). */
export interface SelectedPods {
  readonly serviceAccount: string;
  /** Of those that have one, sorted. */
  readonly addresses: readonly string[];
}

/** IdentityBindings by `namespace/name`. */
export type Bindings = ReadonlyMap<string, Binding>;

/**
 * Finds what the TrafficTargets of each namespace stand in for by IdentityBindings of any. Pods that come and go make
 * another binding of it only where they change whom its labels mean, and then only in namespaces that name it.
 */
export class BindingCompiler {
  readonly #memory = new Memory();
  readonly #named: Memo<readonly string[]> = this.#memory.memo();
  readonly #bindings: Memo<Binding> = this.#memory.memo();
  readonly #lists: Memo<readonly (Binding | undefined)[]> = this.#memory.memo();
  readonly #scopes: Memo<Bindings> = this.#memory.memo();

  /** One pass: the bindings that each namespace names, by its name. */
  compile({ namespaces }: ResourceSet): ReadonlyMap<string, Bindings> {
    const scopes = new Map<string, Bindings>();
    for (const [name, { trafficTargets }] of namespaces) {
      const keys = this.#named.get(name, [trafficTargets], () => namedBindings(name, trafficTargets));
      const found = keepList(
        this.#lists.previous(name),
        keys.map(key => this.#binding(key, namespaces)),
      );
      this.#lists.get(name, [found], () => found);
      const byKey = () => new Map(keys.flatMap((key, index) => (found[index] ? [[key, found[index]] as const] : [])));
      scopes.set(name, this.#scopes.get(name, [keys, found], byKey));
    }
    this.#memory.endPass();
    return scopes;
  }

  #binding(key: string, namespaces: ResourceSet['namespaces']): Binding | undefined {
    const slash = key.indexOf('/');
    const resources = namespaces.get(key.slice(0, slash));
    const resource = resources?.identityBindings.get(key.slice(slash + 1));
    if (resources === undefined || resource === undefined) return undefined;
    const { podLabelSelector } = resource.value.spec.schemes;
    const pods = podLabelSelector === undefined ? undefined : resources.pods;
    return this.#bindings.get(key, [resource, pods], () => {
      const selected = podLabelSelector === undefined ? [] : selectedPods(podLabelSelector.matchLabels, resources.pods);
      const before = this.#bindings.previous(key);
      const isSame = before?.resource === resource && JSON.stringify(before.selected) === JSON.stringify(selected);
      return isSame ? before : { resource, selected };
    });
  }
}

function namedBindings(namespace: string, targets: NamespaceResources['trafficTargets']): string[] {
  const keys = new Set<string>();
  for (const { value } of targets.values()) {
    for (const reference of [value.spec.destination, ...value.spec.sources]) {
      if (reference.kind === 'IdentityBinding') keys.add(`${reference.namespace ?? namespace}/${reference.name}`);
    }
  }
  return [...keys].toSorted();
}

/** The pods of a namespace in the mesh that have all of some labels, and have not ended. */
function selectedPods(labels: Readonly<Record<string, string>> = {}, pods: NamespaceResources['pods']): SelectedPods[] {
  const wanted = Object.entries(labels);
  const byAccount = new Map<string, Set<string>>();
  const others = new Map<string, Set<string>>();
  for (const { value } of pods.values()) {
    if (value.ended) continue;
    const isPicked = value.inMesh && wanted.every(([key, label]) => value.labels[key] === label);
    const accounts = isPicked ? byAccount : others;
    const addresses = accounts.get(value.serviceAccount) ?? new Set();
    accounts.set(value.serviceAccount, addresses);
    if (value.address !== undefined) addresses.add(value.address);
  }
  // An address that another pod of the account claims, too, tells the two apart no more.
  return [...byAccount]
    .map(([serviceAccount, addresses]) => ({
      serviceAccount,
      addresses: [...addresses].filter(address => !others.get(serviceAccount)?.has(address)).toSorted(),
    }))
    .toSorted((a, b) => (a.serviceAccount < b.serviceAccount ? -1 : 1));
}

import { type Finding, findingAt } from '../findings/finding.ts';
import type { MeshModel, NamespaceModel } from '../model/mesh-model.ts';
import type { Modes } from '../model/modes.ts';
import type { Service } from '../model/service.ts';
import { modesOf } from '../model/settings.ts';
import type { Workload } from '../model/workload.ts';
import type { NamespaceResources, ResourceSet } from '../store/resource-set.ts';
import { BindingCompiler, type Bindings } from './bindings.ts';
import { keepList, Memo } from './memo.ts';
import { modesOfNamespace } from './modes.ts';
import { type LocalNamespace, NamespaceCompiler } from './namespace.ts';
import { sayProfile } from './profiles.ts';
import { type Reach, Reachability, reachInputs, reachOf } from './reach.ts';
import { createSettler } from './settings.ts';

/** Turns a set of resources into the model of the mesh. */
export type Compile = (set: ResourceSet) => MeshModel;

/**
 * Makes a compiler. In: a set of resources. Out: the model, which depends on nothing but the set. It must not know
 * Envoy, files, Kubernetes' API or the clock. A compiler remembers the units of its last pass (pods of a workload,
 * routes of a service, rules of a target) and reuses those whose inputs are the same objects, so a change costs what it
 * touches; two compilers given equal sets make equal models.
 */
export function createCompiler(): Compile {
  const compilers = new Map<string, NamespaceCompiler>();
  const locals = new Memo<LocalNamespace>();
  const reaches = new Memo<Reach>();
  const workloads = new Map<string, Memo<Workload>>();
  const reachability = new Memo<Reachability>();
  const models = new Memo<NamespaceModel>();
  const bindings = new BindingCompiler();
  const modes = new Memo<Modes>();
  const settle = createSettler();
  let around: readonly unknown[] = [];
  return set => {
    const { settings, origin, findings } = settle(set);
    const names = [...set.namespaces.keys()].toSorted();
    const bound = bindings.compile(set);
    const local = names.map(name => {
      const own = set.cluster.namespaces.get(name);
      const named = bound.get(name) ?? noBindings;
      const around = { settings, bindings: named, modes: modesOfNamespace(own, modesOf(settings), modes) };
      return locals.get(name, [set.namespaces.get(name), settings, named, around.modes], () =>
        compilerOf(name, compilers).compile(resourcesOf(name, set), around),
      );
    });
    const reach = local.map(namespace =>
      reaches.get(namespace.name, reachInputs(namespace.services), () =>
        reachOf(namespace, reaches.previous(namespace.name)),
      ),
    );
    const reachable = reachability.get('', reach, () => new Reachability(reach, reachability.previous('')));
    const accounts = new Map(local.map(namespace => [namespace.name, namespace.serviceAccounts]));
    const services = new Map(local.map(namespace => [namespace.name, namespace.services]));
    const namespaces = new Map<string, NamespaceModel>();
    around = keepList(around, [reachable, ...accounts.values()]);
    for (const namespace of local) {
      const profiled = namespace.profiles.map(({ profile }) => profile && serviceIn(services, profile.service));
      const inputs = [namespace, around, ...profiled];
      namespaces.set(
        namespace.name,
        models.get(namespace.name, inputs, () => finish(namespace, { reachable, accounts, services, workloads })),
      );
    }
    for (const name of compilers.keys()) {
      if (set.namespaces.has(name)) continue;
      compilers.delete(name);
      workloads.delete(name);
    }
    for (const memo of [locals, reaches, reachability, models, modes]) memo.endPass();
    return {
      settings,
      ...(origin && { settingsOrigin: origin }),
      namespaces,
      inputFindings: [...set.findings, ...findings],
    };
  };
}

function compilerOf(name: string, compilers: Map<string, NamespaceCompiler>): NamespaceCompiler {
  let compiler = compilers.get(name);
  if (compiler === undefined) {
    compiler = new NamespaceCompiler(name);
    compilers.set(name, compiler);
  }
  return compiler;
}

function resourcesOf(name: string, set: ResourceSet): NamespaceResources {
  const resources = set.namespaces.get(name);
  if (resources === undefined) throw new Error(`namespace ${name} is listed and missing`);
  return resources;
}

const noBindings: Bindings = new Map();

type ServicesByNamespace = ReadonlyMap<string, LocalNamespace['services']>;

function serviceIn(services: ServicesByNamespace, key: string): Service | undefined {
  const slash = key.indexOf('/');
  return services.get(key.slice(0, slash))?.get(key.slice(slash + 1));
}

interface Surroundings {
  readonly reachable: Reachability;
  readonly accounts: ReadonlyMap<string, ReadonlySet<string>>;
  readonly services: ServicesByNamespace;
  readonly workloads: Map<string, Memo<Workload>>;
}

/** Adds what a namespace can only know with the others: what its workloads reach, which callers and Services do not exist. */
function finish(namespace: LocalNamespace, around: Surroundings): NamespaceModel {
  const workloads = new Map<string, Workload>();
  const memory = around.workloads.get(namespace.name) ?? new Memo<Workload>();
  around.workloads.set(namespace.name, memory);
  for (const [name, workload] of namespace.workloads) {
    const reaches = around.reachable.by(workload.identity);
    workloads.set(
      name,
      memory.get(name, [workload, reaches], () => ({ ...workload, reaches })),
    );
  }
  memory.endPass();
  return {
    name: namespace.name,
    modes: namespace.modes,
    services: namespace.services,
    workloads,
    serviceAccounts: namespace.serviceAccounts,
    outsiders: namespace.outsiders,
    targets: namespace.targets,
    splits: namespace.splits,
    profiles: new Map(
      namespace.profiles.flatMap(({ profile }) => (profile ? [[profile.service, profile] as const] : [])),
    ),
    findings: [
      ...namespace.findings,
      ...unknownSources(namespace, around),
      ...namespace.profiles.flatMap(profile => sayProfile(profile, key => serviceIn(around.services, key))),
    ],
  };
}

function unknownSources({ targets }: LocalNamespace, { accounts }: Surroundings): Finding[] {
  const sources = [...targets.values()].flatMap(({ principals }) => principals);
  return sources.flatMap(({ identity, serviceAccount, origin }) => {
    if (serviceAccount === undefined) return [];
    const { namespace, name } = serviceAccount;
    if (accounts.get(namespace)?.has(name)) return [];
    const message = `No workload has the service account ${name} of ${namespace} (${identity}); it is let in as soon as one does.`;
    return [findingAt('IdentityNotFound', origin.source, [...origin.path, 'name'], message)];
  });
}

import { type MeshModel, serviceOf } from '../../model/mesh-model.ts';
import type { Service } from '../../model/service.ts';
import type { MeshSettings } from '../../model/settings.ts';
import type { Workload } from '../../model/workload.ts';
import type { Render } from '../backend.ts';
import { baseGroup } from './base.ts';
import type { ResourceGroup } from './resource.ts';
import { backOf } from './service-back.ts';
import { frontDoorOf, frontOf } from './service-front.ts';
import { inboundOf } from './workload-inbound.ts';

/** What the Envoy backend needs besides the model. */
export interface EnvoyTarget {
  /** PEM of the certificates that the mesh trusts. */
  readonly trustBundle: string;
  /** The workload that shows exposed Services to people, and the directory of its Unix sockets as it sees it. */
  readonly frontDoor?: { readonly workload: string; readonly directory: string };
}

/** What the sidecars of one workload have; replicas share it. */
export interface SidecarConfiguration {
  readonly groups: readonly ResourceGroup[];
}

/** Configuration of every sidecar, by key of its workload. */
export interface EnvoyOutput {
  readonly sidecars: ReadonlyMap<string, SidecarConfiguration>;
}

/**
 * Makes a renderer. In: the model. Out: xDS resources as proto3 JSON, in groups that sidecars share; a group is the same
 * object for as long as what it was made from is, so a change costs what it touches. It must not know bytes, streams or
 * sidecars that are connected.
 */
export function createEnvoyRenderer(): Render<EnvoyTarget, EnvoyOutput> {
  const fronts = new WeakMap<Service, ResourceGroup>();
  const backs = new WeakMap<Service, ResourceGroup>();
  const doors = new WeakMap<Service, ResourceGroup>();
  const bases = new WeakMap<MeshSettings, ResourceGroup>();
  let inbounds = new WeakMap<Workload['ports'], ResourceGroup>();
  let trustBundle = '';
  let last: ReadonlyMap<string, SidecarConfiguration> = new Map();
  return (model, target) => {
    if (target.trustBundle !== trustBundle) inbounds = new WeakMap();
    trustBundle = target.trustBundle;
    const base = remember(bases, model.settings, () => baseGroup(model.settings));
    const sidecars = new Map<string, SidecarConfiguration>();
    for (const { workloads } of model.namespaces.values()) {
      for (const workload of workloads.values()) {
        const groups = [base, remember(inbounds, workload.ports, () => inboundOf(workload, trustBundle))];
        const reached = workload.reaches.flatMap(key => serviceOf(model, key) ?? []);
        for (const service of reached) groups.push(remember(fronts, service, () => frontOf(service)));
        for (const service of backendsOf(model, reached)) groups.push(remember(backs, service, () => backOf(service)));
        if (target.frontDoor?.workload === workload.key) {
          const { directory } = target.frontDoor;
          for (const service of reached)
            if (service.exposed) groups.push(remember(doors, service, () => frontDoorOf(service, directory)));
        }
        sidecars.set(workload.key, keep(last.get(workload.key), groups));
      }
    }
    last = sidecars;
    return { output: { sidecars }, findings: [] };
  };
}

/** Every Service that the routes of some others lead to. */
function backendsOf(model: MeshModel, services: readonly Service[]): Set<Service> {
  const backends = new Set<Service>();
  for (const { ports, inMesh } of services) {
    if (!inMesh) continue;
    for (const { outbound } of ports) {
      for (const route of outbound.routes) {
        for (const backend of route.backends) {
          const service = serviceOf(model, backend.service);
          if (service !== undefined) backends.add(service);
        }
      }
    }
  }
  return backends;
}

function remember<Key extends object, Value>(memory: WeakMap<Key, Value>, key: Key, make: () => Value): Value {
  let value = memory.get(key);
  if (value === undefined) {
    value = make();
    memory.set(key, value);
  }
  return value;
}

function keep(previous: SidecarConfiguration | undefined, groups: readonly ResourceGroup[]): SidecarConfiguration {
  const same =
    previous !== undefined &&
    previous.groups.length === groups.length &&
    groups.every((group, index) => group === previous.groups[index]);
  return same ? previous : { groups };
}

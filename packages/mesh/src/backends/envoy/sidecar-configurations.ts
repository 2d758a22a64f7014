import { splitKey } from '../../model/mesh-model.ts';
import type { ResourceGroup } from './resource.ts';

/** What the sidecars of one workload have; replicas share it. */
export interface SidecarConfiguration {
  readonly groups: readonly ResourceGroup[];
}

/** Configuration of every sidecar, by namespace and name of its workload. A namespace in which none differs is the same object. */
export interface EnvoyOutput {
  readonly sidecars: ReadonlyMap<string, ReadonlyMap<string, SidecarConfiguration>>;
}

/** What the sidecars of a workload have, by its key, `namespace/name`. */
export function configurationOf({ sidecars }: EnvoyOutput, key: string): SidecarConfiguration | undefined {
  const { namespace, name } = splitKey(key);
  return sidecars.get(namespace)?.get(name);
}

/** Every configuration with the key of its workload. */
export function* configurations({ sidecars }: EnvoyOutput): Generator<readonly [string, SidecarConfiguration]> {
  for (const [namespace, all] of sidecars) for (const [name, one] of all) yield [`${namespace}/${name}`, one];
}

/** Keys of the workloads whose configuration is another object in the second than in the first, or in only one of them. */
export function changedConfigurations(before: EnvoyOutput, now: EnvoyOutput): Set<string> {
  const changed = new Set<string>();
  for (const namespace of differences(before.sidecars, now.sidecars)) {
    const names = differences(before.sidecars.get(namespace), now.sidecars.get(namespace));
    for (const name of names) changed.add(`${namespace}/${name}`);
  }
  return changed;
}

/** Names under which two tables hold different objects. */
export function differences(
  before: ReadonlyMap<string, object> = new Map(),
  now: ReadonlyMap<string, object> = new Map(),
): string[] {
  const names: string[] = [];
  for (const [name, value] of now) if (before.get(name) !== value) names.push(name);
  for (const name of before.keys()) if (!now.has(name)) names.push(name);
  return names;
}

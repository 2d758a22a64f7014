import { configurationOf, type EnvoyOutput, type Progress, type SidecarConfiguration } from '@heddle/mesh';
import { type ObjectRef, refOf } from '@heddle/smi';
import type { SidecarRef } from '../outputs/sidecar-ref.ts';
import type { NodeStatus } from '../xds/node.ts';

/** Tells an object from others, whatever version it is written in. */
export function objectKey({ apiVersion, kind, namespace, name }: ObjectRef): string {
  return `${apiVersion.split('/')[0]}/${kind}/${namespace}/${name}`;
}

/**
 * How far each object has come, by {@link objectKey}. A sidecar counts as soon as it has acknowledged the resources that
 * came from the object, whatever else it still waits for or has refused.
 */
export function programmedObjects(
  output: EnvoyOutput,
  sidecars: readonly SidecarRef[],
  nodes: ReadonlyMap<string, NodeStatus>,
): ReadonlyMap<string, Progress> {
  const progress = new Map<string, { acknowledged: number; concerned: number }>();
  for (const { nodeId, workload } of sidecars) {
    const configuration = configurationOf(output, workload);
    if (configuration === undefined) continue;
    const node = nodes.get(nodeId);
    const lacking = node?.inSync ? nothing : lackingOf(node);
    for (const [object, resources] of resourcesByObject(configuration)) {
      const entry = progress.get(object) ?? { acknowledged: 0, concerned: 0 };
      entry.concerned += 1;
      if (node?.connected && !resources.some(lacking)) entry.acknowledged += 1;
      progress.set(object, entry);
    }
  }
  return progress;
}

/** Names one resource of a sidecar. */
export interface ResourceName {
  readonly typeUrl: string;
  readonly name: string;
}

const nothing = (): boolean => false;

/** Whether a sidecar has acknowledged the wanted versions of these resources, whatever else it waits for or has refused. */
export function hasAcknowledged(node: NodeStatus | undefined, resources: readonly ResourceName[]): boolean {
  return (node?.connected ?? false) && (node?.inSync === true || !resources.some(lackingOf(node)));
}

/** Whether a sidecar lacks the wanted version of a resource: not sent, not answered, or refused. */
function lackingOf(node: NodeStatus | undefined): (resource: ResourceName) => boolean {
  const types = new Map(node?.types.map(type => [type.typeUrl, type]));
  return ({ typeUrl, name }) => {
    const type = types.get(typeUrl);
    return type === undefined || type.awaited.has(name) || !type.acknowledged.has(name);
  };
}

const indexes = new WeakMap<SidecarConfiguration, ReadonlyMap<string, readonly ResourceName[]>>();

/** The resources of a configuration by the {@link objectKey} of what they came from. Indexed once. */
export function resourcesByObject(configuration: SidecarConfiguration): ReadonlyMap<string, readonly ResourceName[]> {
  const known = indexes.get(configuration);
  if (known !== undefined) return known;
  const index = new Map<string, ResourceName[]>();
  for (const { resources } of configuration.groups) {
    for (const { typeUrl, name, origins } of resources) {
      for (const origin of origins) {
        if ('default' in origin) continue;
        const key = objectKey(refOf(origin.source.object));
        const list = index.get(key);
        if (list === undefined) index.set(key, [{ typeUrl, name }]);
        else list.push({ typeUrl, name });
      }
    }
  }
  indexes.set(configuration, index);
  return index;
}

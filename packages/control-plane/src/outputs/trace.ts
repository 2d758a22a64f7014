/** From what a sidecar refused back to the objects that it was made of. */
import { configurationOf, type EnvoyOutput, type ResourceOrigin, type XdsResource } from '@heddle/mesh';
import { kindOf, type ObjectRef, type SourceObject } from '@heddle/smi';
import type { SidecarRef } from './sidecar-ref.ts';

/** Tells a resource by its type and name. */
export function isNamed(
  typeUrl: string,
  name: string,
): (resource: { readonly typeUrl: string; readonly name: string }) => boolean {
  return resource => resource.name === name && resource.typeUrl === typeUrl;
}

/**
 * Who may be to blame for a resource that is refused: the versions of objects of policy that are not in the one that was
 * acknowledged before, where there is one. Pods and Services are never to blame: a mesh without them is another mesh.
 */
export function suspectsIn(refused: XdsResource, acknowledged?: XdsResource): readonly ResourceOrigin[] {
  const good = new Set(acknowledged === undefined ? [] : sourcesOf(acknowledged));
  const suspects = new Map<SourceObject, ResourceOrigin>();
  for (const origin of refused.origins) {
    if ('default' in origin || good.has(origin.source)) continue;
    const { apiVersion, kind } = origin.source.object;
    if (kindOf(apiVersion, kind)?.policy) suspects.set(origin.source, origin);
  }
  return [...suspects.values()];
}

/** How many sidecars are to have something that was made of an object. */
export function countConcerned(source: SourceObject, output: EnvoyOutput, sidecars: readonly SidecarRef[]): number {
  const isConcerned = ({ workload }: SidecarRef): boolean =>
    configurationOf(output, workload)?.groups.some(({ resources }) =>
      resources.some(resource => sourcesOf(resource).includes(source)),
    ) ?? false;
  return sidecars.filter(isConcerned).length;
}

/** Names an object, whatever its version. */
export function nameOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace}/${name}`;
}

function sourcesOf({ origins }: XdsResource): SourceObject[] {
  return origins.flatMap(origin => ('default' in origin ? [] : [origin.source]));
}

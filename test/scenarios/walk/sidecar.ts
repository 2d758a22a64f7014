import {
  clusterType,
  endpointType,
  extensionType,
  listenerType,
  routeType,
  type SidecarConfiguration,
  secretType,
  type XdsResource,
} from '@heddle/mesh';

/** The resources of one sidecar by name, as its Envoy would hold them. */
export interface Sidecar {
  readonly listeners: ReadonlyMap<string, object>;
  readonly routes: ReadonlyMap<string, object>;
  readonly clusters: ReadonlyMap<string, object>;
  readonly endpoints: ReadonlyMap<string, object>;
  readonly extensions: ReadonlyMap<string, object>;
  readonly secrets: ReadonlyMap<string, object>;
}

const known = new WeakMap<SidecarConfiguration, Sidecar>();

/** Sorts the resources of a sidecar; a name that occurs twice with different content is refused. */
export function sidecarOf(configuration: SidecarConfiguration): Sidecar {
  let sidecar = known.get(configuration);
  if (sidecar === undefined) {
    const resources = configuration.groups.flatMap(group => group.resources);
    sidecar = {
      listeners: byName(resources, listenerType),
      routes: byName(resources, routeType),
      clusters: byName(resources, clusterType),
      endpoints: byName(resources, endpointType),
      extensions: byName(resources, extensionType),
      secrets: byName(resources, secretType),
    };
    known.set(configuration, sidecar);
  }
  return sidecar;
}

function byName(resources: readonly XdsResource[], typeUrl: string): ReadonlyMap<string, object> {
  const found = new Map<string, object>();
  for (const resource of resources) {
    if (resource.typeUrl !== typeUrl) continue;
    if (found.has(resource.name)) throw new Error(`${resource.name} comes twice`);
    found.set(resource.name, resource.value);
  }
  return found;
}

import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { TypedExtensionConfigJson } from '@heddle/envoy-api/envoy/config/core/v3/extension_pb';
import type { ClusterLoadAssignmentJson } from '@heddle/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import { clusterType, endpointType, extensionType, listenerType, routeType, secretType } from './resource.ts';
import type { SidecarConfiguration } from './sidecar-configurations.ts';

/** Static resources of an Envoy bootstrap, as proto3 JSON. */
export interface StaticResources {
  readonly listeners: readonly object[];
  readonly clusters: readonly object[];
  readonly secrets: readonly object[];
}

/**
 * The same configuration without a control plane: routes and endpoints put where they are referred to by name, secrets
 * beside them. `secrets` are those that the mesh's authority would send (workload certificate and trust bundle).
 */
export function staticResources(configuration: SidecarConfiguration, secrets: readonly object[]): StaticResources {
  const byType = Map.groupBy(
    configuration.groups.flatMap(group => group.resources),
    resource => resource.typeUrl,
  );
  const values = (type: string) => (byType.get(type) ?? []).map(resource => resource.value);
  const routes = new Map((byType.get(routeType) ?? []).map(({ name, value }) => [name, value]));
  const extensions = new Map(
    (byType.get(extensionType) ?? []).map(({ name, value }) => [name, (value as TypedExtensionConfigJson).typedConfig]),
  );
  const named = { routes, extensions };
  const endpoints = new Map(
    (byType.get(endpointType) ?? []).map(({ name, value }) => [name, value as ClusterLoadAssignmentJson]),
  );
  return {
    listeners: values(listenerType).map(listener => inline(listener, named) as object),
    clusters: values(clusterType).map(
      cluster => inline(inlineEndpoints(cluster as ClusterJson, endpoints), named) as object,
    ),
    secrets: [...secrets, ...values(secretType)],
  };
}

function inlineEndpoints(cluster: ClusterJson, endpoints: ReadonlyMap<string, ClusterLoadAssignmentJson>): ClusterJson {
  if (cluster.type !== 'EDS') return cluster;
  const { edsClusterConfig, ...rest } = cluster;
  const assignment = endpoints.get(edsClusterConfig?.serviceName ?? '');
  return { ...rest, type: 'STATIC', loadAssignment: { ...assignment, clusterName: cluster.name ?? '' } };
}

/** What is referred to by name. */
interface Named {
  readonly routes: ReadonlyMap<string, object>;
  readonly extensions: ReadonlyMap<string, TypedExtensionConfigJson['typedConfig']>;
}

/** Replaces each reference to routes or to a filter by what it names, and lets each to a secret find it in the bootstrap. */
function inline(value: unknown, named: Named): unknown {
  if (Array.isArray(value)) return value.map(item => inline(item, named));
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    if (key === 'rds')
      entries.push(['routeConfig', named.routes.get((field as { routeConfigName: string }).routeConfigName)]);
    else if (key === 'configDiscovery')
      entries.push(['typedConfig', named.extensions.get((value as { name: string }).name)]);
    else if (key !== 'sdsConfig') entries.push([key, inline(field, named)]);
  }
  return Object.fromEntries(entries);
}

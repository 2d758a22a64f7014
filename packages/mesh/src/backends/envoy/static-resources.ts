import type { ClusterJson } from '@heddle/envoy-api/envoy/config/cluster/v3/cluster_pb';
import type { ClusterLoadAssignmentJson } from '@heddle/envoy-api/envoy/config/endpoint/v3/endpoint_pb';
import type { SidecarConfiguration } from './render.ts';
import { clusterType, endpointType, listenerType, routeType, secretType } from './resource.ts';

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
  const endpoints = new Map(
    (byType.get(endpointType) ?? []).map(({ name, value }) => [name, value as ClusterLoadAssignmentJson]),
  );
  return {
    listeners: values(listenerType).map(listener => inline(listener, routes) as object),
    clusters: values(clusterType).map(
      cluster => inline(inlineEndpoints(cluster as ClusterJson, endpoints), routes) as object,
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

/** Replaces each reference to routes by the routes, and lets each reference to a secret find it in the bootstrap. */
function inline(value: unknown, routes: ReadonlyMap<string, object>): unknown {
  if (Array.isArray(value)) return value.map(item => inline(item, routes));
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    if (key === 'rds')
      entries.push(['routeConfig', routes.get((field as { routeConfigName: string }).routeConfigName)]);
    else if (key !== 'sdsConfig') entries.push([key, inline(field, routes)]);
  }
  return Object.fromEntries(entries);
}

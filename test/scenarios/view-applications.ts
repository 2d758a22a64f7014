import { type ApplicationConfig, applicationConfig, type MeshModel } from '@heddle/mesh';

/** What the applications of each workload are told of routes, where there is a ServiceProfile that names any. */
export function viewApplications(model: MeshModel): object | undefined {
  const namespaces = [...model.namespaces.values()];
  if (namespaces.every(({ profiles }) => profiles.size === 0)) return undefined;
  const workloads = namespaces.flatMap(namespace => [...namespace.workloads.values()]);
  const told = workloads.map(workload => [workload.key, viewRoutes(applicationConfig(model, workload))] as const);
  return Object.fromEntries(told.filter(([, routes]) => routes.length > 0).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function viewRoutes({ routes }: ApplicationConfig): object[] {
  return routes.map(({ split, ...route }) => ({
    ...route,
    ...(split !== undefined && { split: Object.fromEntries(split.map(({ service, weight }) => [service, weight])) }),
  }));
}

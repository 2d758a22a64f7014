import type { MeshSettings } from '../model/settings.ts';
import type { NamespaceResources } from '../store/resource-set.ts';
import type { Bindings } from './bindings.ts';
import type { RouteGroups } from './route-groups.ts';

/** Where names are looked up: the resources of one namespace, its route groups compiled, and how the mesh behaves. */
export interface Scope {
  readonly namespace: string;
  readonly resources: NamespaceResources;
  readonly routeGroups: RouteGroups;
  /** Those that its TrafficTargets name: sources may name those of other namespaces. */
  readonly bindings: Bindings;
  readonly settings: MeshSettings;
}

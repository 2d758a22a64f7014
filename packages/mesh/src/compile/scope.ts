import type { MeshSettings } from '../model/settings.ts';
import type { NamespaceResources } from '../store/resource-set.ts';
import type { RouteGroups } from './route-groups.ts';

/** Where names are looked up: the resources of one namespace, its route groups compiled, and how the mesh behaves. */
export interface Scope {
  readonly namespace: string;
  readonly resources: NamespaceResources;
  readonly routeGroups: RouteGroups;
  readonly settings: MeshSettings;
}

import type { IdentityBinding } from '@heddle/smi';
import type { MeshSettings } from '../model/settings.ts';
import type { NamespaceResources, Resource } from '../store/resource-set.ts';
import type { RouteGroups } from './route-groups.ts';

/** Every IdentityBinding of the mesh, by `namespace/name`: sources may name those of other namespaces. */
export type Bindings = ReadonlyMap<string, Resource<IdentityBinding>>;

/** Where names are looked up: the resources of one namespace, its route groups compiled, and how the mesh behaves. */
export interface Scope {
  readonly namespace: string;
  readonly resources: NamespaceResources;
  readonly routeGroups: RouteGroups;
  readonly bindings: Bindings;
  readonly settings: MeshSettings;
}

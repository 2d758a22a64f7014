import type { MeshSettings } from '../model/settings.ts';
import type { NamespaceResources } from '../store/resource-set.ts';

/** Where names are looked up: the resources of one namespace, and how the mesh behaves. */
export interface Scope {
  readonly namespace: string;
  readonly resources: NamespaceResources;
  readonly settings: MeshSettings;
}

import type { KubeObject, SourceObject } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { objectPath } from '../../kube/object-path.ts';

const meshConfig = { apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'mesh' } };

/**
 * The MeshConfig of a cluster as it is now, for what of it counts from a start only; none where there is none, or no such kind.
 * Throws an ApiError where the cluster does not say.
 */
export async function meshConfigsAtStart(client: Pick<ApiClient, 'json'>): Promise<readonly SourceObject[]> {
  try {
    return [{ object: await client.json<KubeObject>({ path: objectPath(meshConfig) }) }];
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}

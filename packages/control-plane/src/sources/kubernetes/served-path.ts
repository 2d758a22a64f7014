import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import type { ClusterKind } from './cluster-kinds.ts';

interface ResourceList {
  readonly resources?: readonly { readonly name: string }[];
}

/**
 * The path at which an API server serves a kind of ours, in the newest version that both know. A conversion webhook makes all
 * versions views of one object; without one, objects are read in the version that is served.
 * @throws ApiError 404 where no version is served
 */
export async function servedPath(
  client: Pick<ApiClient, 'json'>,
  kind: ClusterKind,
  signal: AbortSignal,
): Promise<string> {
  const { group, plural, versions } = kind;
  if (group === '') return `/api/${versions[0] ?? 'v1'}/${plural}`;
  for (const version of versions) {
    const list = await resourcesOf(client, `/apis/${group}/${version}`, signal);
    if (list.resources?.some(({ name }) => name === plural)) return `/apis/${group}/${version}/${plural}`;
  }
  const message = `the API server serves no ${plural}.${group} in any of ${versions.join(', ')}`;
  throw new ApiError(message, { status: 404, code: 'NotServed' });
}

async function resourcesOf(client: Pick<ApiClient, 'json'>, path: string, signal: AbortSignal): Promise<ResourceList> {
  try {
    return await client.json<ResourceList>({ path, signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return {};
    throw error;
  }
}

/** Brings every stored SMI object to the current stored version: each is written once as it is. */
import { crds, type KubeObject } from '@heddle/smi';
import type { ApiClient } from '../../kube/api-client.ts';
import { ApiError } from '../../kube/api-error.ts';
import { objectPath } from '../../kube/object-path.ts';
import { recordOf } from '../../sources/record.ts';
import { objectAt, type Progress, titleOf } from './install-mesh.ts';

/** Rewrites what may be stored in an older version, then notes of each definition that nothing is. */
export async function migrateStored(client: ApiClient, told: Progress): Promise<void> {
  for (const definition of crds({ conversion: {} })) {
    const path = objectPath(definition);
    const present = await objectAt(client, path);
    const stored: unknown = recordOf(present?.['status'])['storedVersions'];
    const current = definition.spec.versions.find(({ storage }) => storage)?.name ?? '';
    if (!Array.isArray(stored) || (stored.length === 1 && stored[0] === current)) continue;
    const { group, names } = definition.spec;
    const count = await rewriteAll(client, `/apis/${group}/${current}/${names.plural}`);
    await client.json({
      method: 'PATCH',
      path: `${path}/status`,
      body: { status: { storedVersions: [current] } },
      contentType: 'application/merge-patch+json',
    });
    told(`${titleOf(definition as unknown as KubeObject)}: ${count} objects are stored as ${current}`);
  }
}

async function rewriteAll(client: ApiClient, collection: string): Promise<number> {
  const { items } = await client.json<{ items: KubeObject[] }>({ path: collection });
  for (const item of items) {
    try {
      await client.json({ method: 'PUT', path: objectPath(item), body: item });
    } catch (error) {
      // Somebody else has written or deleted it meanwhile: so it is stored in the current version, or not at all.
      if (!(error instanceof ApiError) || (error.status !== 409 && error.status !== 404)) throw error;
    }
  }
  return items.length;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../kube/api-error.ts';
import { meshConfigsAtStart } from './mesh-config.ts';

const clientOf = (answer: () => unknown) => ({
  async json<T>({ path }: { readonly path: string }): Promise<T> {
    assert.equal(path, '/apis/heddle.dev/v1alpha1/meshconfigs/mesh');
    return (await Promise.resolve(answer())) as T;
  },
});

const failing = (status: number) =>
  clientOf(() => {
    throw new ApiError('no', { status, code: 'No' });
  });

test('the MeshConfig of a cluster is asked for by its one name, and need not be there', async () => {
  const object = { apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'mesh' } };
  assert.deepEqual(await meshConfigsAtStart(clientOf(() => object)), [{ object }]);
  assert.deepEqual(await meshConfigsAtStart(failing(404)), []);
  await assert.rejects(meshConfigsAtStart(failing(403)), ApiError);
});

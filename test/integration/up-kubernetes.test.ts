/** `heddle up --kubernetes`: the example on a real Kubernetes control plane, changed as with kubectl. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ApiClient } from '../../packages/control-plane/src/kube/api-client.ts';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';
import { buildPrograms, clientOf, withoutCluster } from './cluster-harness.ts';
import { eventually, testEnvoy } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

const reason = (await withoutCluster()) || ((await testEnvoy()) === undefined && 'no Envoy is here');

const apps = (namespace: string, name: string) => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
const split = '/apis/split.smi-spec.io/v1alpha4/namespaces/bookstore/trafficsplits/bookstore';
const targets = '/apis/access.smi-spec.io/v1alpha4/namespaces/bookstore/traffictargets';
const contentType = 'application/merge-patch+json';

interface Deployment extends ApiObject {
  readonly status?: { readonly availableReplicas?: number };
}

describe('heddle up --kubernetes', { skip: reason, timeout: 400_000 }, () => {
  let place: Place;
  let up: RunningUp;
  let client: ApiClient;
  const available = async (namespace: string, name: string, count = 1) =>
    await eventually(`${name} is available`, async () => {
      const { status } = await client
        .json<Deployment>({ path: apps(namespace, name) })
        .catch((): Partial<Deployment> => ({}));
      return status?.availableReplicas === count ? true : undefined;
    });
  const patch = async (path: string, body: object) => {
    await client.json({ method: 'PATCH', path, body, contentType });
  };
  before(async () => {
    await buildPrograms();
    place = await Place.ofBookstore();
    up = new RunningUp(place, ['--kubernetes']);
    const said = await up.until(/^export KUBECONFIG=(.+)$/m);
    client = await clientOf(/KUBECONFIG=(.+)$/m.exec(said)?.[1] ?? '');
  });
  after(async () => {
    const code = await up.end('SIGINT');
    assert.equal(code, 0, up.err);
    await place.remove();
  });

  test('Deployments run for real, with sidecars', async () => {
    for (const name of ['bookbuyer', 'bookthief', 'bookwarehouse']) await available(name, name);
    for (const name of ['bookstore-v1', 'bookstore-v2']) await available('bookstore', name);
    const { code, out } = await place.run(['status']);
    assert.equal(code, 0, out);
    assert.match(out, /bookstore\/bookstore-v1 .*in sync/);
  });

  test('what is in the cluster is in force: a split, and who is let in', async () => {
    const backends = [
      { service: 'bookstore-v1', weight: 0 },
      { service: 'bookstore-v2', weight: 1 },
    ];
    await patch(split, { spec: { backends } });
    await eventually('all is sold by the second version', async () => {
      const sold = await place.buy('bookbuyer/bookbuyer', 5);
      return sold['bookstore-v2'] === 5 ? true : undefined;
    });
    await client.json({ method: 'DELETE', path: `${targets}/bookbuyer-at-v2` });
    await eventually('nothing is sold', async () => {
      const sold = await place.buy('bookbuyer/bookbuyer', 5);
      return sold['403'] === 5 ? true : undefined;
    });
    const { status } = await client.json<{ status?: { conditions?: { type: string; status: string }[] } }>({
      path: split,
    });
    assert.ok(status?.conditions?.some(({ type, status: is }) => type === 'Accepted' && is === 'True'));
  });

  test('a Deployment is scaled, and a pod that is deleted is replaced', async () => {
    await patch(apps('bookstore', 'bookstore-v1'), { spec: { replicas: 2 } });
    await available('bookstore', 'bookstore-v1', 2);
    const path = '/api/v1/namespaces/bookthief/pods';
    const podsNow = async () => (await client.json<{ items: readonly ApiObject[] }>({ path })).items;
    const [pod] = await podsNow();
    await client.json({ method: 'DELETE', path: `${path}/${pod?.metadata.name}` });
    await eventually('it is gone, and another is there', async () => {
      const pods = await podsNow();
      const isReplaced = pods.length === 1 && pods[0]?.metadata.uid !== pod?.metadata.uid;
      return isReplaced ? true : undefined;
    });
    await available('bookthief', 'bookthief');
  });

  test('what is saved in the folder is applied', async () => {
    await place.edit('policy/split.yaml', 'weight: 90', 'weight: 80');
    await eventually('the split has the new weight', async () => {
      const { spec } = await client.json<{ spec: { backends: { weight: number }[] } }>({ path: split });
      return spec.backends[0]?.weight === 80 ? true : undefined;
    });
  });
});

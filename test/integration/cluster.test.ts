import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';
import { startTestCluster, type TestCluster, withoutCluster } from './cluster-harness.ts';

describe('a Kubernetes control plane on this machine', { skip: await withoutCluster() }, () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startTestCluster();
  });
  after(async () => {
    await cluster.end();
    await assert.rejects(access(cluster.directory));
    assert.throws(() => process.kill(cluster.apiServer.pid ?? 0x7fffffff, 0));
  });

  test('it takes our CustomResourceDefinitions, and keeps an HTTPRouteGroup', async () => {
    await cluster.applyCrds();
    const routes = {
      apiVersion: 'specs.smi-spec.io/v1alpha4',
      kind: 'HTTPRouteGroup',
      metadata: { name: 'books', namespace: 'default' },
      spec: { matches: [{ name: 'all', methods: ['GET'], pathRegex: '/books.*' }] },
    };
    const path = '/apis/specs.smi-spec.io/v1alpha4/namespaces/default/httproutegroups/books';
    await cluster.client.apply(path, routes, { manager: 'test' });
    const kept = await cluster.client.json<ApiObject>({ path });
    assert.deepEqual(kept['spec'], routes.spec);
    assert.equal(kept.metadata.generation, 1);
  });

  test('its controllers work: a namespace gets a service account', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    await cluster.client.json({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
    const path = '/api/v1/namespaces/shop/serviceaccounts/default';
    for (;;) {
      const account = await cluster.client.json<ApiObject>({ path }).catch(() => undefined); // not yet
      if (account !== undefined) break;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  });

  test('an API server that is killed is started again, and knows what it knew', async () => {
    cluster.apiServer.crash();
    await cluster.ready();
    const path = '/api/v1/namespaces/shop';
    assert.equal((await cluster.client.json<ApiObject>({ path })).metadata.name, 'shop');
  });
});

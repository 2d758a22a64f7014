/** Lists and watches against a real API server: many objects, and a server that goes away. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ApiClient } from '../../packages/control-plane/src/kube/api-client.ts';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';
import { type ResourceListener, watchResources } from '../../packages/control-plane/src/kube/watch-resources.ts';
import { startTestCluster, type TestCluster, withoutCluster } from './cluster-harness.ts';
import { eventually } from './local-harness.ts';

const path = '/api/v1/namespaces/default/configmaps';
const count = 10_000;
const writers = 24;

/** What a listener was told last. */
class Seen implements ResourceListener {
  readonly objects = new Map<string, ApiObject>();
  lists = 0;
  failures = 0;

  replaced(objects: readonly ApiObject[]): void {
    this.lists += 1;
    this.objects.clear();
    for (const object of objects) this.changed(object);
  }

  changed(object: ApiObject): void {
    this.objects.set(object.metadata.name, object);
  }

  removed({ metadata }: ApiObject): void {
    this.objects.delete(metadata.name);
  }

  failed(): void {
    this.failures += 1;
  }
}

describe('following a kind', { skip: await withoutCluster() }, () => {
  let cluster: TestCluster;
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const follow = (client: Pick<ApiClient, 'json' | 'stream'>): Seen => {
    const seen = new Seen();
    running.push(watchResources({ client, path, listener: seen }, stop.signal));
    return seen;
  };
  const make = async (name: string) => {
    await cluster.client.json({ method: 'POST', path, body: { metadata: { name }, data: { x: name } } });
  };
  before(async () => {
    cluster = await startTestCluster({ controllers: false });
    const names = Array.from({ length: count }, (_, index) => `c${index}`).values();
    const write = async () => {
      for (const name of names) await make(name);
    };
    await Promise.all(Array.from({ length: writers }, write));
  });
  after(async () => {
    stop.abort();
    await Promise.all(running);
    await cluster.end();
  });

  test(`${count} objects are listed, streamed or in pages, without what only the server needs`, async t => {
    const { client } = cluster;
    const began = performance.now();
    const streamed = follow(client);
    await eventually('all are streamed', () => (streamed.lists === 1 ? true : undefined));
    t.diagnostic(`streamed in ${Math.round(performance.now() - began)} ms`);
    const pages: string[] = [];
    const paged = follow({
      json: async request => {
        pages.push(request.query?.['limit'] ?? 'all');
        return await client.json(request);
      },
      // Refused, as by a server that streams no lists.
      stream: async request => {
        const { resourceVersionMatch: _match, ...query } = request.query ?? {};
        return await client.stream({ ...request, query });
      },
    });
    await eventually('all are listed in pages', () => (paged.lists === 1 ? true : undefined));
    assert.equal(pages.length, count / 500);
    for (const seen of [streamed, paged]) {
      assert.ok(seen.objects.size >= count);
      assert.ok([...seen.objects.values()].every(({ metadata }) => !('managedFields' in metadata)));
      assert.equal(seen.objects.get('c7')?.kind, 'ConfigMap');
    }
  });

  test('a server that goes away and comes back is gone on with, and nothing is lost', async () => {
    const seen = follow(cluster.client);
    await eventually('the list', () => (seen.lists === 1 ? true : undefined));
    const { size } = seen.objects;
    cluster.apiServer.crash();
    await cluster.ready();
    await make('after-the-crash');
    await eventually('what came after', () => seen.objects.get('after-the-crash'));
    assert.ok(seen.failures > 0);
    assert.equal(seen.objects.size, size + 1);
  });
});

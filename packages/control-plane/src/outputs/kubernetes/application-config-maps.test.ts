import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCompiler, heldObjects, ResourceStore } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { ApplicationConfigMaps, applicationContents } from './application-config-maps.ts';

const nothing = (): void => {};

const asked = { 'heddle.dev/app-config': 'enabled' };

function pod(id: string, annotations: Record<string, string> = {}): KubeObject {
  const [namespace = '', name = ''] = id.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, annotations },
    spec: { serviceAccountName: `${name}-account`, containers: [] },
    status: { podIP: '10.0.0.1', phase: 'Running' },
  };
}

function contentsOf(...objects: KubeObject[]): string[] {
  const set = new ResourceStore().apply({ upserts: objects.map(object => ({ object })), removals: [] });
  return [...applicationContents(createCompiler()(set), heldObjects(set)).keys()].toSorted();
}

test('accounts of pods that ask are told, by their own annotation or that of their namespace', () => {
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'all', annotations: asked } };
  const declined = { 'heddle.dev/app-config': 'no' };
  assert.deepEqual(
    contentsOf(namespace, pod('shop/web', asked), pod('shop/cart'), pod('all/one'), pod('all/two', declined)),
    ['all/one-account', 'shop/web-account'],
  );
});

test('a ConfigMap is written when it differs, and removed once nobody asks', async () => {
  const done: string[] = [];
  let heard = nothing;
  const say = (what: string) => {
    done.push(what);
    heard();
  };
  const client = {
    apply: async <T>(path: string, object: unknown) => {
      say(`${path} ${(object as { data: Record<string, string> }).data['config.yaml']}`);
      return await Promise.resolve({} as T);
    },
    json: async <T>({ method, path }: { method?: string; path: string }) => {
      say(`${method} ${path}`);
      return await Promise.resolve({} as T);
    },
  };
  const maps = new ApplicationConfigMaps({ client, nameOf: account => `app-${account}`, onTrouble: assert.fail });
  const end = new AbortController();
  const until = async (count: number) => {
    while (done.length < count) {
      await new Promise<void>(resolve => {
        heard = resolve;
      });
    }
  };
  maps.want(new Map([['shop/web', 'one']]));
  const running = maps.run(end.signal);
  await until(1);
  maps.want(new Map([['shop/web', 'two']]));
  await until(2);
  maps.want(new Map());
  await until(3);
  end.abort();
  await running;
  const path = '/api/v1/namespaces/shop/configmaps/app-web';
  assert.deepEqual(done, [`${path} one`, `${path} two`, `DELETE ${path}`]);
});

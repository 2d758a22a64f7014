/** The webhooks as a real API server asks them: conversion, validation, injection, and their certificate. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { defaultSettings } from '@heddle/mesh';
import type { ServingIdentity } from '../../packages/control-plane/src/identity/serving-certificate.ts';
import { recordsIn } from '../../packages/control-plane/src/inject/pod-to-inject.ts';
import { defaultInjection } from '../../packages/control-plane/src/inject/settings.ts';
import {
  convertedDefinitions,
  injectingConfiguration,
  validatingConfiguration,
  type WebhookSettings,
} from '../../packages/control-plane/src/install/webhook-configurations.ts';
import { ApiError } from '../../packages/control-plane/src/kube/api-error.ts';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';
import { createLogger } from '../../packages/control-plane/src/log.ts';
import { CertificateKeeper } from '../../packages/control-plane/src/webhooks/certificate-keeper.ts';
import { Rehearsal } from '../../packages/control-plane/src/webhooks/rehearsal.ts';
import { webhookHandlers } from '../../packages/control-plane/src/webhooks/webhook-handlers.ts';
import { type ServingCertificate, WebhookServer } from '../../packages/control-plane/src/webhooks/webhook-server.ts';
import { startTestCluster, type TestCluster, withoutCluster } from './cluster-harness.ts';

const splits = (version: string, name = ''): string =>
  `/apis/split.smi-spec.io/${version}/namespaces/shop/trafficsplits${name && `/${name}`}`;
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const admission = '/apis/admissionregistration.k8s.io/v1';

const groups = (version: string, name = ''): string =>
  `/apis/specs.smi-spec.io/${version}/namespaces/shop/httproutegroups${name && `/${name}`}`;

function certificateOf({ serving }: ServingIdentity): ServingCertificate {
  return { certificatePem: serving.certificatePem, privateKeyPem: serving.privateKey.reveal() };
}

/** Waits until something is given. */
async function until<T>(what: string, find: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = await find().catch((error: unknown) => {
      if (performance.now() > deadline) throw error;
    });
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not within a minute: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

function split(version: string, weights: readonly unknown[], name = 'web'): ApiObject & { spec: object } {
  return {
    apiVersion: `split.smi-spec.io/${version}`,
    kind: 'TrafficSplit',
    metadata: { namespace: 'shop', name },
    spec: { service: 'web', backends: weights.map((weight, index) => ({ service: `web-v${index + 1}`, weight })) },
  };
}

const deployment = (namespace: string, annotations = {}): ApiObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' }, annotations },
      spec: {
        containers: [{ name: 'app', image: 'app', livenessProbe: { httpGet: { path: '/live', port: 8080 } } }],
      },
    },
  },
});

describe('the webhooks of a real API server', { skip: await withoutCluster(), timeout: 600_000 }, () => {
  const end = new AbortController();
  let cluster: TestCluster;
  let server: WebhookServer;
  let keeper: CertificateKeeper;
  let settings: WebhookSettings;

  const configurations = (trustBundlePem: string) => {
    const all = { ...settings, trustBundlePem };
    return [...convertedDefinitions(all), validatingConfiguration(all), injectingConfiguration(all)];
  };

  before(async () => {
    cluster = await startTestCluster();
    const { client } = cluster;
    const log = createLogger(0, () => {});
    for (const name of ['shop', 'heddle-system', 'aside']) {
      const labels = name === 'shop' ? { 'heddle.dev/mesh': 'heddle' } : {};
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
      await client.json({ method: 'POST', path: '/api/v1/namespaces', body });
    }
    const port = await new Promise<number>((resolve, reject) => {
      keeper = new CertificateKeeper({
        client,
        secret: { namespace: 'heddle-system', name: 'heddle-webhook-certificate' },
        dnsNames: ['localhost'],
        configurations: bundle => (settings === undefined ? [] : configurations(bundle)),
        onCertificate: identity => {
          if (server !== undefined) return server.useCertificate(certificateOf(identity));
          server = new WebhookServer({
            handlers: webhookHandlers(
              { rehearsal: new Rehearsal(() => undefined), settings: () => defaultSettings },
              { settings: () => defaultInjection('1'), namespace: async name => await namespaceMarks(name) },
            ),
            certificate: certificateOf(identity),
            host: '127.0.0.1',
            port: 0,
            log,
          });
          server.listen().then(resolve, reject);
          void server.run(end.signal);
        },
        now: () => new Date(),
        log,
      });
      keeper.look().catch(reject);
    });
    const policy = { failurePolicy: 'Fail', timeoutSeconds: 10 } as const;
    settings = {
      meshName: 'heddle',
      target: { url: `https://localhost:${port}` },
      ignoredNamespaces: ['kube-system', 'heddle-system'],
      validation: policy,
      injection: policy,
    };
    for (const definition of convertedDefinitions(settings)) {
      await client.apply(`${definitions}/${definition.metadata.name}`, definition, { manager: 'heddle' });
    }
    await keeper.look();
    await until('every version is served', () => client.json({ path: splits('v1alpha1') }));
  });

  after(async () => {
    end.abort();
    await cluster.end();
  });

  async function namespaceMarks(name: string) {
    const { metadata } = await cluster.client.json<ApiObject>({ path: `/api/v1/namespaces/${name}` });
    return { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} };
  }

  test('every version is served, with short names, categories and columns', async () => {
    for (const group of ['split.smi-spec.io', 'access.smi-spec.io', 'specs.smi-spec.io']) {
      const { versions } = await cluster.client.json<{ versions: { version: string }[] }>({ path: `/apis/${group}` });
      assert.deepEqual(
        versions.map(({ version }) => version),
        ['v1alpha4', 'v1alpha3', 'v1alpha2', 'v1alpha1'],
      );
    }
    const { resources } = await cluster.client.json<{
      resources: { name: string; shortNames?: string[]; categories?: string[] }[];
    }>({ path: '/apis/split.smi-spec.io/v1alpha1' });
    const [found] = resources.filter(({ name }) => name === 'trafficsplits');
    assert.deepEqual([found?.shortNames, found?.categories], [['ts'], ['smi']]);
    assert.ok(resources.some(({ name }) => name === 'trafficsplits/status'));
  });

  test('a split in v1alpha1 reads back as it was written, and is live in every other version (V3, V4)', async () => {
    const { client } = cluster;
    const written = split('v1alpha1', ['500m', '1500m']);
    const made = await client.json<ApiObject>({ method: 'POST', path: splits('v1alpha1'), body: written });
    assert.deepEqual(made['spec'], written.spec);
    const read = async (version: string) => (await client.json<ApiObject>({ path: splits(version, 'web') }))['spec'];
    assert.deepEqual(await read('v1alpha1'), written.spec);
    assert.deepEqual(await read('v1alpha4'), split('v1alpha4', [1, 3]).spec);
    assert.deepEqual(await read('v1alpha2'), split('v1alpha2', [1, 3]).spec);
    const { items } = await client.json<{ items: ApiObject[] }>({ path: splits('v1alpha1') });
    assert.deepEqual(
      items.map(item => item['spec']),
      [written.spec],
    );
  });

  test('rollout tools of three versions read, modify and write one split, each in its own (V4)', async () => {
    const { client } = cluster;
    await client.json({ method: 'POST', path: splits('v1alpha3'), body: split('v1alpha3', [100, 0], 'rollout') });
    for (const [version, weights] of [
      ['v1alpha1', [90, 10]],
      ['v1alpha2', [50, 50]],
      ['v1alpha1', ['10', '90']],
      ['v1alpha3', [0, 100]],
    ] as const) {
      const path = splits(version, 'rollout');
      const before = await client.json<ApiObject>({ path });
      const body = { ...before, spec: split(version, weights).spec };
      const { spec } = (await client.json<ApiObject>({ method: 'PUT', path, body })) as ApiObject & { spec: object };
      assert.deepEqual(spec, body.spec, version);
      assert.deepEqual((await client.json<ApiObject>({ path }))['spec'], body.spec, version);
    }
    const hub = await client.json<ApiObject>({ path: splits('v1alpha4', 'rollout') });
    assert.deepEqual(hub['spec'], split('v1alpha4', [0, 100]).spec);
  });

  test('headers keep the form that they were written in, as the API server stores them (V5)', async () => {
    const { client } = cluster;
    for (const [name, headers] of [
      ['list', [{ a: 'x' }, { b: 'y' }]],
      ['map', { a: 'x', b: 'y' }],
    ] as const) {
      const metadata = { namespace: 'shop', name };
      const matches = [{ name: 'm', headers }];
      const body = { apiVersion: 'specs.smi-spec.io/v1alpha2', kind: 'HTTPRouteGroup', metadata, matches };
      await client.json({ method: 'POST', path: groups('v1alpha2'), body });
      assert.deepEqual((await client.json<ApiObject>({ path: groups('v1alpha2', name) }))['matches'], matches);
      const hub = await client.json<ApiObject>({ path: groups('v1alpha4', name) });
      assert.deepEqual(hub['spec'], { matches });
    }
  });

  test('what can never be valid is refused, with all of it; a dry run is no different', async () => {
    const { client } = cluster;
    const body = {
      ...split('v1alpha4', [1], 'bad'),
      spec: { service: 'web.other', backends: [{ service: 'a', weight: 1 }] },
    };
    for (const query of [{}, { dryRun: 'All' }]) {
      await assert.rejects(client.json({ method: 'POST', path: splits('v1alpha4'), body, query }), (error: Error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.status, 422);
        assert.match(error.message, /validation\.heddle\.dev.*spec\.service: .*\(NamespaceMismatch, SMI2006\)/s);
        return true;
      });
    }
    const dry = { method: 'POST', path: splits('v1alpha4'), query: { dryRun: 'All' } } as const;
    await client.json({ ...dry, body: split('v1alpha4', [1], 'dry') });
    await assert.rejects(client.json({ path: splits('v1alpha4', 'dry') }), { status: 404 });
  });

  async function podOf(namespace: string): Promise<ApiObject & { spec: Record<string, unknown> }> {
    return await until(`a pod in ${namespace}`, async () => {
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const { items } = await cluster.client.json<{ items: ApiObject[] }>({ path });
      return items[0] as ApiObject & { spec: Record<string, unknown> };
    });
  }

  test('the pod of a Deployment is injected, and the API server takes it as it is', async () => {
    const { client } = cluster;
    await client.json({ method: 'POST', path: '/apis/apps/v1/namespaces/shop/deployments', body: deployment('shop') });
    const { spec, metadata } = await podOf('shop');
    assert.deepEqual(
      recordsIn(spec['initContainers']).map(({ name, restartPolicy }) => [name, restartPolicy]),
      [
        ['heddle-init', undefined],
        ['heddle-sidecar', 'Always'],
      ],
    );
    assert.equal(metadata.annotations?.['heddle.dev/injected'], '1');
    const [app = {}] = recordsIn(spec['containers']);
    assert.match(JSON.stringify(app['livenessProbe']), /"path":"\/heddle\/app\/livenessProbe","port":15901/);
  });

  test('a namespace that is not enrolled is left alone', async () => {
    const body = deployment('aside');
    await cluster.client.json({ method: 'POST', path: '/apis/apps/v1/namespaces/aside/deployments', body });
    assert.equal((await podOf('aside')).spec['initContainers'], undefined);
  });

  test('a pod with a bad annotation is refused with a sentence', async () => {
    const { template } = deployment('shop', { 'heddle.dev/inject': 'perhaps' })['spec'] as { template: ApiObject };
    const metadata = { ...template.metadata, name: 'bad' };
    const body = { ...template, metadata, apiVersion: 'v1', kind: 'Pod' };
    const refused = cluster.client.json({ method: 'POST', path: '/api/v1/namespaces/shop/pods', body });
    await assert.rejects(refused, /The annotation heddle\.dev\/inject must be one of/);
  });

  test('what somebody removed of the certificate comes back, and with it the webhooks', async () => {
    const { client } = cluster;
    const injection = `${admission}/mutatingwebhookconfigurations/heddle-injection`;
    await client.json({ method: 'DELETE', path: injection });
    await client.json({
      method: 'DELETE',
      path: '/api/v1/namespaces/heddle-system/secrets/heddle-webhook-certificate',
    });
    const patch = [{ op: 'remove', path: '/spec/conversion/webhook/clientConfig/caBundle' }];
    const path = `${definitions}/trafficsplits.split.smi-spec.io`;
    await client.json({ method: 'PATCH', path, body: patch, contentType: 'application/json-patch+json' });
    await keeper.look();
    await client.json({ path: injection });
    await until('splits are converted again', () => client.json({ path: splits('v1alpha1') }));
    await until('pods are injected again', () =>
      client.json({
        method: 'POST',
        path: '/api/v1/namespaces/shop/pods',
        query: { dryRun: 'All' },
        body: {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'again' },
          spec: { containers: [{ name: 'a', image: 'a' }] },
        },
      }),
    );
  });
});

/** From `heddle install` to `heddle uninstall` on a real API server; the control plane runs beside it, as its pod would. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { runCommandLine } from '../../packages/control-plane/src/cli/run-command-line.ts';
import { recordsIn } from '../../packages/control-plane/src/inject/pod-to-inject.ts';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';
import { writeKubeconfig } from '../../packages/control-plane/src/local/cluster/cluster-files.ts';
import { startTestCluster, type TestCluster, withoutCluster } from './cluster-harness.ts';
import { applyAll, tokenFor } from './cluster-objects.ts';

/** An address of this machine that is not loopback, which endpoints may not be. */
const host = Object.values(networkInterfaces())
  .flat()
  .find(each => each?.family === 'IPv4' && !each.internal)?.address;

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

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>(resolve => {
    server.listen(0, () => resolve((server.address() as { port: number }).port));
  });
  await new Promise(resolve => server.close(resolve));
  return port;
}

const split = (service: string, backend = 'web-v1') => ({
  apiVersion: 'split.smi-spec.io/v1alpha1',
  kind: 'TrafficSplit',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { service, backends: [{ service: backend, weight: '500m' }] },
});

const skip = (await withoutCluster()) || (host === undefined && 'no address that endpoints may have');

describe('an installed mesh', { skip, timeout: 600_000 }, () => {
  const end = new AbortController();
  const cache = mkdtempSync(join(tmpdir(), 'heddle-installed-'));
  let cluster: TestCluster;
  let controller: Promise<unknown>;

  async function heddle(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const written = { out: '', err: '' };
    const output = (to: 'out' | 'err') => ({ write: (text: string) => void (written[to] += text), isTerminal: false });
    const code = await runCommandLine(argv, {
      stdout: output('out'),
      stderr: output('err'),
      environment: { KUBECONFIG: cluster.kubeconfig, HOME: cache },
      readStdin: async () => '',
      interruption: () => end.signal,
    });
    return { code, ...written };
  }

  const get = (path: string): Promise<ApiObject> => cluster.client.json<ApiObject>({ path });

  before(async () => {
    cluster = await startTestCluster();
  });

  after(async () => {
    end.abort();
    await controller;
    await cluster.end();
    rmSync(cache, { recursive: true });
  });

  test('a definition and an object of another mesh are there, stored in another version', async () => {
    const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const version = { name: 'v1alpha2', served: true, storage: true, schema: { openAPIV3Schema: anything } };
    const names = {
      kind: 'TrafficSplit',
      listKind: 'TrafficSplitList',
      plural: 'trafficsplits',
      singular: 'trafficsplit',
    };
    await cluster.client.json({
      method: 'POST',
      path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      body: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'trafficsplits.split.smi-spec.io' },
        spec: { group: 'split.smi-spec.io', scope: 'Namespaced', names, versions: [version] },
      },
    });
    const path = '/apis/split.smi-spec.io/v1alpha2/namespaces/default/trafficsplits';
    const { metadata: _, ...rest } = split('old', 'old-v1');
    const spec = { service: 'old', backends: [{ service: 'old-v1', weight: 7 }] };
    const body = { ...rest, apiVersion: 'split.smi-spec.io/v1alpha2', metadata: { name: 'old' }, spec };
    await until('the other mesh writes', () => cluster.client.json({ method: 'POST', path, body }));
  });

  test('before, it is said that it can be installed, and that it is not', async () => {
    const before = await heddle('check', '--pre');
    assert.equal(before.code, 0, before.out);
    assert.match(before.out, /^pass {2}API server: Kubernetes v1\.\d+\.\d+\npass {2}permissions: You may install\.\n$/);
    const { code, out } = await heddle('check', '-o', 'json');
    assert.equal(code, 1);
    const lines = JSON.parse(out) as { check: string; outcome: string; mend: string | null }[];
    assert.deepEqual(
      lines.filter(({ outcome }) => outcome === 'fail').map(({ check }) => check),
      ['definitions', 'versions', 'test-split', 'control plane', 'webhooks', 'authority'],
    );
    assert.ok(lines.every(({ outcome, mend }) => outcome === 'pass' || mend !== null));
  });

  test('it installs, in values of Open Service Mesh too, and again changes nothing', async () => {
    const install = ['install', '--no-wait', '--set', 'OpenServiceMesh.enablePermissiveTrafficPolicy=true'];
    const first = await heddle(...install);
    assert.equal(first.code, 0, first.err);
    assert.match(first.err, /Values below OpenServiceMesh/);
    assert.match(first.out, /Deployment heddle-system\/mesh-controller: created/);
    const { spec } = await get('/apis/heddle.dev/v1alpha1/meshconfigs/mesh');
    assert.equal((spec as { policy: string }).policy, 'allow-all');
    const second = await heddle(...install);
    assert.equal(second.code, 0, second.err);
    assert.doesNotMatch(second.out, /: (created|changed)/);
  });

  test('the API server takes its Deployment, Service, roles and budget as they are', async () => {
    const { spec } = (await get('/apis/apps/v1/namespaces/heddle-system/deployments/mesh-controller')) as ApiObject & {
      spec: { template: { spec: { containers: { name: string; command: string[] }[] } } };
    };
    assert.deepEqual(
      spec.template.spec.containers.map(({ name, command }) => [name, command]),
      [['manager', ['heddle', 'controller']]],
    );
    await get('/apis/policy/v1/namespaces/heddle-system/poddisruptionbudgets/mesh-controller');
    await get('/apis/rbac.authorization.k8s.io/v1/clusterroles/heddle-mesh-controller');
    // The namespace keeps to the restricted pod security standard, and its own pods are let in.
    await until('a pod of the control plane', async () => {
      const { items } = await cluster.client.json<{ items: ApiObject[] }>({
        path: '/api/v1/namespaces/heddle-system/pods',
      });
      return items[0];
    });
  });

  test('the control plane, with the rights of its account, is reached by its Service', async () => {
    const [webhooks, discovery, metrics] = [await freePort(), await freePort(), await freePort()];
    await applyAll(cluster.client, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'beside',
        namespace: 'heddle-system',
        labels: {
          'kubernetes.io/service-name': 'mesh-controller',
          'endpointslice.kubernetes.io/managed-by': 'test',
        },
      },
      addressType: 'IPv4',
      ports: [{ name: 'https-webhooks', port: webhooks, protocol: 'TCP' }],
      endpoints: [{ addresses: [host], conditions: { ready: true } }],
    });
    const account = { namespace: 'heddle-system', name: '', account: 'mesh-controller' };
    const token = await tokenFor(cluster.client, account, { audience: 'https://kubernetes.default.svc.cluster.local' });
    const kubeconfig = join(cache, 'controller.kubeconfig');
    const caFile = join(cache, 'ca.pem');
    writeFileSync(caFile, cluster.ca);
    await writeKubeconfig(kubeconfig, { server: cluster.server, caFile, user: 'mesh-controller', token });
    controller = heddle(
      'controller',
      `--kubeconfig=${kubeconfig}`,
      '--v=4',
      `--webhook-port=${webhooks}`,
      `--xds-port=${discovery}`,
      `--metrics-port=${metrics}`,
      '--xds-address=127.0.0.1',
      '--metrics-address=127.0.0.1',
    );
    const path = '/apis/split.smi-spec.io/v1alpha1/namespaces/default/trafficsplits';
    await until('splits are converted', () => get(path));
  });

  test('a namespace is enrolled, and its pods are injected and told whom to trust', async () => {
    await applyAll(cluster.client, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    assert.equal((await heddle('namespace', 'add', 'shop')).code, 0);
    assert.equal((await heddle('namespace', 'list')).out, 'shop  mesh heddle\n');
    const identity = await until('the ConfigMap', () => get('/api/v1/namespaces/shop/configmaps/heddle-identity'));
    assert.match((identity['data'] as Record<string, string>)['ca.crt'] ?? '', /BEGIN CERTIFICATE/);
    const containers = [{ name: 'app', image: 'app' }];
    const annotations = { 'heddle.dev/app-config': 'enabled' };
    const template = { metadata: { labels: { app: 'web' }, annotations }, spec: { containers } };
    await applyAll(cluster.client, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { selector: { matchLabels: { app: 'web' } }, template },
    });
    const pod = await until('a pod', async () => {
      const { items } = await cluster.client.json<{ items: ApiObject[] }>({ path: '/api/v1/namespaces/shop/pods' });
      return items[0];
    });
    assert.deepEqual(
      recordsIn((pod['spec'] as { initContainers: unknown }).initContainers).map(({ name }) => name),
      ['heddle-init', 'heddle-sidecar'],
    );
  });

  test('applications that ask are told what the mesh is to them', async () => {
    const { items } = await cluster.client.json<{ items: ApiObject[] }>({ path: '/api/v1/namespaces/shop/pods' });
    const path = `/api/v1/namespaces/shop/pods/${items[0]?.metadata.name}/status`;
    const body = { status: { phase: 'Running', podIP: '10.244.0.9', podIPs: [{ ip: '10.244.0.9' }] } };
    await cluster.client.json({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
    const map = await until('the ConfigMap', () => get('/api/v1/namespaces/shop/configmaps/heddle-app-config-default'));
    const { 'config.yaml': text } = map['data'] as Record<string, string>;
    assert.match(text ?? '', /^version: 1\nidentity: spiffe:\/\/cluster\.local\/ns\/shop\/sa\/default\n/);
  });

  test('policy is judged by what is in the cluster', async () => {
    await until('what can never be valid is refused', async () => {
      const refused = applyAll(cluster.client, split('web.other'));
      return await refused.then(
        () => undefined,
        (error: Error) => (/NamespaceMismatch/.test(error.message) ? true : undefined),
      );
    });
    await applyAll(cluster.client, split('web'));
    const { spec } = await get('/apis/split.smi-spec.io/v1alpha4/namespaces/shop/trafficsplits/web');
    assert.deepEqual(spec, { service: 'web', backends: [{ service: 'web-v1', weight: 1 }] });
  });

  test('what another mesh has left is adopted: no object is lost, and none stays in an old version', async () => {
    const old = await get('/apis/split.smi-spec.io/v1alpha4/namespaces/default/trafficsplits/old');
    assert.deepEqual(old['spec'], { service: 'old', backends: [{ service: 'old-v1', weight: 7 }] });
    const definition = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/trafficsplits.split.smi-spec.io';
    const stored = async () => ((await get(definition))['status'] as { storedVersions: string[] }).storedVersions;
    assert.deepEqual(await stored(), ['v1alpha2', 'v1alpha4']);
    const { code, out, err } = await heddle('upgrade', '--no-wait', '--set', 'replicaCount=3');
    assert.equal(code, 0, err);
    assert.match(out, /trafficsplits\.split\.smi-spec\.io: 2 objects are stored as v1alpha4/);
    assert.deepEqual(await stored(), ['v1alpha4']);
    const { spec } = await get('/apis/heddle.dev/v1alpha1/meshconfigs/mesh');
    assert.equal((spec as { policy: string }).policy, 'allow-all', 'what was installed with counts on');
  });

  test('it is checked, line by line', async () => {
    const { code, out } = await heddle('check');
    // No node runs its pods here.
    assert.equal(code, 1);
    assert.match(out, /^fail {2}control plane: 0 of 3 replicas are ready\./m);
    for (const line of [
      'definitions: 8 definitions are served.',
      'versions: Every version is served.',
      'test-split: A minimal TrafficSplit is accepted, in v1alpha4 and v1alpha1.',
      'sidecars: Pods with a sidecar: 1.',
    ]) {
      assert.ok(out.includes(`pass  ${line}`), out);
    }
    assert.match(out, /^pass {2}webhooks: The certificate of the webhooks is valid for \d+ days\.$/m);
    assert.match(out, /^pass {2}authority: The authority of the mesh is valid for \d+ days\.$/m);
  });

  test('it uninstalls: objects stay, and who writes in a version that goes is named', async () => {
    end.abort();
    const { err: log } = (await controller) as { err: string };
    assert.doesNotMatch(log, /forbidden/i, log);
    const { code, out, err } = await heddle('uninstall');
    assert.equal(code, 0, err);
    assert.match(out, /test writes split\.smi-spec\.io\/v1alpha1, which stops working: TrafficSplit shop\/web/);
    assert.match(out, /CustomResourceDefinition trafficsplits\.split\.smi-spec\.io: kept, without conversion/);
    const kept = await until('splits are served', () =>
      get('/apis/split.smi-spec.io/v1alpha4/namespaces/shop/trafficsplits/web'),
    );
    assert.deepEqual((kept['spec'] as { service: string }).service, 'web');
    for (const name of ['heddle-identity', 'heddle-app-config-default']) {
      await assert.rejects(get(`/api/v1/namespaces/shop/configmaps/${name}`), { status: 404 });
    }
    await assert.rejects(get('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/heddle-injection'), {
      status: 404,
    });
  });
});

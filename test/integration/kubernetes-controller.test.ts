/** The controller of a cluster against a real API server; sidecars are gRPC clients that show real tokens. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
} from '@heddle/envoy-api/envoy/service/discovery/v3/discovery_pb';
import type { ApiObject } from '../../packages/control-plane/src/kube/kube-object.ts';
import { runKubernetesController } from '../../packages/control-plane/src/kubernetes-controller.ts';
import { createLogger } from '../../packages/control-plane/src/log.ts';
import { messageType } from '../../packages/control-plane/src/xds/message-type.ts';
import { typeUrls } from '../../packages/control-plane/src/xds/resource-type.ts';
import { startTestCluster, type TestCluster, withoutCluster } from './cluster-harness.ts';
import { applyAll, namespaceWith, type PodOfTest, runPod, tokenFor } from './cluster-objects.ts';
import { eventually } from './local-harness.ts';

const requestType = messageType<DeltaDiscoveryRequest>('envoy.service.discovery.v3.DeltaDiscoveryRequest');
const responseType = messageType<DeltaDiscoveryResponse>('envoy.service.discovery.v3.DeltaDiscoveryResponse');

const caller: PodOfTest = { namespace: 'shop', name: 'web', account: 'web', ip: '10.244.0.1' };
const server: PodOfTest = { namespace: 'shop', name: 'stock', account: 'stock', ip: '10.244.0.2' };
const nodeIdOf = ({ ip, name, namespace }: PodOfTest) => `sidecar~${ip}~${name}.${namespace}~kubernetes`;

const routes = {
  apiVersion: 'specs.smi-spec.io/v1alpha4',
  kind: 'HTTPRouteGroup',
  metadata: { name: 'stock', namespace: 'shop' },
  spec: { matches: [{ name: 'read', methods: ['GET'], pathRegex: '/stock.*' }] },
};
const target = (name: string) => ({
  apiVersion: 'access.smi-spec.io/v1alpha4',
  kind: 'TrafficTarget',
  metadata: { name, namespace: 'shop' },
  spec: {
    destination: { kind: 'ServiceAccount', name: 'stock' },
    rules: [{ kind: 'HTTPRouteGroup', name: 'stock', matches: ['read'] }],
    sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
  },
});
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'stock', namespace: 'shop' },
  spec: { selector: { app: 'stock' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
};

type Call = ClientDuplexStream<Uint8Array, DeltaDiscoveryResponse>;

const refusal = async (call: Call): Promise<[status, string]> => {
  const [error] = (await once(call, 'error')) as [ServiceError];
  return [error.code, error.details];
};
/** Names of clusters as they come, acknowledged each time, until one is of the stock. */
const clustersOf = async (call: Call): Promise<string[]> => {
  const names: string[] = [];
  for await (const { resources, nonce } of call as AsyncIterable<DeltaDiscoveryResponse>) {
    names.push(...resources.map(({ name }) => name));
    call.write(toBinary(requestType, create(requestType, { typeUrl: typeUrls.cluster, responseNonce: nonce })));
    if (names.some(name => name.includes('stock'))) return names;
  }
  return names;
};

describe('the controller of a cluster', { skip: await withoutCluster() }, () => {
  let cluster: TestCluster;
  let xds = '';
  let uid = '';
  let running: Promise<void>;
  const stop = new AbortController();
  const log: Record<string, unknown>[] = [];
  const clients: Client[] = [];
  const logged = (message: string, object: string) =>
    log.find(line => line['message'] === message && line['object'] === object);

  before(async () => {
    cluster = await startTestCluster({ controllers: false });
    const { client } = cluster;
    await applyAll(client, ...namespaceWith('heddle-system'), ...namespaceWith('shop', 'web', 'stock'), service);
    const listening = Promise.withResolvers<string>();
    running = runKubernetesController(
      {
        client,
        namespace: 'heddle-system',
        identity: 'test',
        dnsNames: ['mesh-controller.heddle-system.svc'],
        xds: { host: '127.0.0.1', port: 0 },
        metrics: { host: '127.0.0.1', port: 0 },
        audience: 'heddle',
        settings: { trustDomain: 'cluster.local' },
        onListening: at => listening.resolve(at.xds),
        log: createLogger(4, line => void log.push(JSON.parse(line) as Record<string, unknown>)),
      },
      stop.signal,
    );
    xds = await Promise.race([listening.promise, running.then(() => '')]);
  });
  after(async () => {
    for (const client of clients) client.close();
    stop.abort();
    await running;
    await cluster.end();
  });

  /** Opens a stream as a sidecar would. */
  const connect = async (token: string | undefined, nodeId: string) => {
    const path = '/api/v1/namespaces/heddle-system/secrets/heddle-ca';
    const secret = await cluster.client.json<{ data: Record<string, string> }>({ path });
    const root = Buffer.from(secret.data['ca.crt'] ?? '', 'base64');
    const target = { 'grpc.ssl_target_name_override': 'mesh-controller.heddle-system.svc' };
    const client = new Client(xds, credentials.createSsl(root), target);
    clients.push(client);
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    const call = client.makeBidiStreamRequest<Uint8Array, DeltaDiscoveryResponse>(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
      bytes => Buffer.from(bytes),
      bytes => fromBinary(responseType, bytes),
      metadata,
    );
    call.on('error', () => {});
    call.write(toBinary(requestType, create(requestType, { typeUrl: typeUrls.cluster, node: { id: nodeId } })));
    return call;
  };
  test('kinds that are missing are named with what mends it, and found once they are there', async () => {
    const kind = 'traffictargets.access.smi-spec.io';
    const line = await eventually('a log line', () => logged('failed to list SMI policy', kind));
    assert.match(String(line['reason']), /serves no traffictargets/);
    assert.match(String(line['hint']), /Install the CustomResourceDefinition traffictargets\.access\.smi-spec\.io/);
    await cluster.applyCrds();
    await eventually('the kind is listed', () => logged('listed again', kind));
  });

  test('a sidecar gets what its pod may reach, as soon as policy says so', async () => {
    const { client } = cluster;
    await runPod(client, server);
    uid = await runPod(client, caller);
    const call = await connect(await tokenFor(client, caller, { uid }), nodeIdOf(caller));
    await applyAll(client, routes, target('web-reads-stock'));
    const names = await clustersOf(call);
    assert.ok(
      names.some(name => name.includes('stock')),
      names.join(' '),
    );
  });

  test('objects say what became of them, and are not written again for it', async () => {
    const { client } = cluster;
    const path = '/apis/access.smi-spec.io/v1alpha4/namespaces/shop/traffictargets/web-reads-stock';
    const conditionsOf = async () => {
      const { status: is } = await client.json<{ status?: { conditions?: Record<string, unknown>[] } }>({ path });
      return is?.conditions?.map(({ type, status: holds, observedGeneration }) => [type, holds, observedGeneration]);
    };
    const first = await eventually('conditions', conditionsOf);
    assert.deepEqual(
      first.map(([type]) => type),
      ['Accepted', 'ResolvedRefs', 'Conflicted', 'Programmed'],
    );
    assert.deepEqual(first[0], ['Accepted', 'True', 1]);
    const before = await client.json<ApiObject>({ path });
    const lost = {
      ...target('lost'),
      spec: { ...target('lost').spec, rules: [{ kind: 'HTTPRouteGroup', name: 'nobody' }] },
    };
    await applyAll(client, lost);
    const events = '/api/v1/namespaces/shop/events?fieldSelector=involvedObject.name%3Dlost';
    const said = await eventually('an event', async () => {
      const { items } = await client.json<{ items: { reason: string; type: string; count: number }[] }>({
        path: events,
      });
      return items.length > 0 ? items : undefined;
    });
    assert.deepEqual(
      said.map(({ reason, type, count }) => [reason, type, count]),
      [['RouteGroupNotFound', 'Warning', 1]],
    );
    const after = await client.json<ApiObject>({ path });
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });

  test('who is not that pod gets nothing', async () => {
    const { client } = cluster;
    const nodeId = nodeIdOf(caller);
    const refused = async (token: string | undefined, id = nodeId) => await refusal(await connect(token, id));
    assert.deepEqual(await refused(undefined), [status.UNAUTHENTICATED, 'no bearer token is shown']);
    const [code, why] = await refused('nonsense');
    assert.equal(code, status.UNAUTHENTICATED);
    assert.match(why, /the API server does not accept the token/);
    const other = await tokenFor(client, caller, { uid, audience: 'https://somebody.else' });
    assert.match((await refused(other))[1], /does not accept the token|not for heddle/);
    assert.match((await refused(await tokenFor(client, caller, {})))[1], /not bound to a pod/);
  });

  test('the token of a pod that is gone is refused, though another has its name', async () => {
    const { client } = cluster;
    const old = await tokenFor(client, caller, { uid });
    await client.json({ method: 'DELETE', path: '/api/v1/namespaces/shop/pods/web' });
    uid = await eventually('the pod is made again', async () => await runPod(client, caller).catch(() => undefined));
    const [code, why] = await refusal(await connect(old, nodeIdOf(caller)));
    assert.equal(code, status.UNAUTHENTICATED);
    assert.match(why, /does not accept the token/);
  });

  test('an API server that comes back is gone on with, and what was in force stays meanwhile', async () => {
    const { client } = cluster;
    cluster.apiServer.crash();
    await cluster.ready();
    await applyAll(client, target('another'));
    await eventually('the object is delivered', () =>
      log.find(
        ({ message, upserts }) =>
          message === 'a source delivered' &&
          (upserts as ApiObject['metadata'][]).some(({ name }) => name === 'another'),
      ),
    );
    const removed = log.filter(
      ({ message, removals }) => message === 'a source delivered' && (removals as unknown[]).length > 0,
    );
    assert.ok(
      removed.flatMap(({ removals }) => removals as { name: string }[]).every(({ name }) => name === 'web'),
      'nothing but the deleted pod was ever taken away',
    );
  });
});

// Pods of the local mesh with real Envoys: interception, the control plane's socket, the front door, and how long it takes.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import type { Pod, Sidecar } from '../../packages/control-plane/src/local/pod.ts';
import { sidecarNodeId } from '../../packages/control-plane/src/sidecar/bootstrap.ts';
import { encode } from '../../packages/control-plane/src/xds/encode.ts';
import { XdsServer } from '../../packages/control-plane/src/xds/server.ts';
import type { Snapshot } from '../../packages/control-plane/src/xds/snapshot.ts';
import { echoPod, ready, startTestNode, type TestNode, testEnvoy } from './local-harness.ts';

const envoy = await testEnvoy();
const hcmType = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const routerType = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
const originalDst = 'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst';

/** A listener that passes everything on to where it was going, and says by a header that it did. */
function passOn(name: string, address: { readonly port: number } | { readonly pipe: string }) {
  const at =
    'pipe' in address
      ? { pipe: { path: address.pipe } }
      : { socketAddress: { address: '0.0.0.0', portValue: address.port } };
  const manager = {
    '@type': hcmType,
    statPrefix: name,
    httpFilters: [{ name: 'router', typedConfig: { '@type': routerType } }],
    routeConfig: {
      virtualHosts: [
        {
          name,
          domains: ['*'],
          routes: [
            {
              match: { prefix: '/' },
              route: { cluster: 'pipe' in address ? 'b' : name === 'inbound' ? 'application' : 'passthrough' },
              requestHeadersToAdd: [{ header: { key: `x-${name}`, value: '%REQ(:authority)%' } }],
            },
          ],
        },
      ],
    },
  };
  return encode('listener', {
    name,
    address: at,
    ...('pipe' in address
      ? {}
      : { listenerFilters: [{ name: 'original_dst', typedConfig: { '@type': originalDst } }] }),
    filterChains: [{ filters: [{ name: 'http', typedConfig: manager }] }],
  });
}

const passthrough = encode('cluster', { name: 'passthrough', type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED' });
/** Socket options of its own keep the mark away, by which the sidecar's connections to others are known. */
const application = encode('cluster', {
  name: 'application',
  type: 'ORIGINAL_DST',
  lbPolicy: 'CLUSTER_PROVIDED',
  upstreamBindConfig: { socketOptions: [{ level: '6', name: '1', intValue: '1', state: 'STATE_PREBIND' }] },
});
const toB = encode('cluster', {
  name: 'b',
  type: 'STATIC',
  loadAssignment: {
    clusterName: 'b',
    endpoints: [
      { lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '10.244.0.3', portValue: 8080 } } } }] },
    ],
  },
});
const snapshot: Snapshot = {
  groups: [
    { resources: [passOn('outbound', { port: 15001 }), passOn('inbound', { port: 15006 }), passthrough, application] },
  ],
};

for (const userNamespace of process.getuid?.() === 0 ? [false, true] : [true]) {
  describe(userNamespace ? 'in a user namespace' : 'as root', { skip: envoy === undefined, concurrency: false }, () => {
    let node: TestNode;
    let end: AbortController;
    let controller: XdsServer;
    before(async () => {
      node = await startTestNode({ userNamespace });
      end = new AbortController();
      controller = new XdsServer();
      void controller.run(end.signal);
    });
    after(async () => {
      end.abort();
      await node.end();
    });

    const sidecar = (pod: Pod, more: Partial<Sidecar> = {}): Sidecar => ({
      nodeId: sidecarNodeId(pod),
      caller: 'default.default',
      envoy: envoy ?? '',
      xdsDirectory: join(node.runDirectory, 'xds', pod.name),
      ...more,
    });
    const meshed = (name: string, ip: string, more: Partial<Sidecar> = {}): Pod => {
      const pod = echoPod(name, ip);
      return { ...pod, sidecar: sidecar(pod, more) };
    };
    const serve = async (pod: Pod, what: Snapshot = snapshot) => {
      const id = sidecarNodeId(pod);
      controller.publish(id, what);
      return controller.listen({ path: join(node.runDirectory, 'xds', pod.name, 'xds.sock'), node: id });
    };
    const call = async (from: string, url: string) =>
      JSON.parse(await node.exec(from, 'curl', '-sS', '-m', '5', url)) as Record<string, string>;

    test('the application waits for its sidecar, and the sidecar for the control plane', async () => {
      const [a, b] = [meshed('a', '10.244.0.2'), meshed('b', '10.244.0.3')];
      await node.client.putNames({ 'b.default.svc.cluster.local': [b.ip] });
      await node.client.putPods([a, b]);
      const waiting = await node.until(pods => pods.every(pod => pod.sidecar?.state === 'running'));
      assert.deepEqual(
        waiting.map(pod => pod.containers[0]?.state),
        ['waiting', 'waiting'],
      );
      await serve(a);
      await serve(b);
      const [, second] = await node.until(ready(2));
      assert.equal(second?.sidecar?.version, '1.40.0');
    });

    test('calls lead through both sidecars, calls to oneself and to loopback through none', async () => {
      const through = await call('a', 'http://b:8080/');
      assert.equal(through['x-outbound'], 'b:8080');
      assert.equal(through['x-inbound'], 'b:8080');
      for (const own of ['http://10.244.0.2:8080/', 'http://127.0.0.1:8080/']) {
        const direct = await call('a', own);
        assert.equal(direct['pod'], 'a');
        assert.equal(direct['x-outbound'] ?? direct['x-inbound'], undefined);
      }
    });

    test('names resolve over TCP too, past the sidecar', async () => {
      const query = `const r = new (require('node:net').Socket)();
        const q = Buffer.from('00010100000100000000000001620764656661756c740373766307636c7573746572056c6f63616c0000010001', 'hex');
        r.connect(53, '10.244.0.1', () => r.write(Buffer.concat([Buffer.from([0, q.length]), q])));
        r.on('data', d => { console.log(d.subarray(-4).join('.')); r.destroy(); });`;
      assert.equal(await node.exec('a', process.execPath, '-e', query), '10.244.0.3\n');
    });

    test('an application can neither pass for the sidecar nor see the sockets of other pods', async () => {
      await assert.rejects(node.exec('a', 'iptables', '-t', 'nat', '-F'));
      assert.equal(await node.exec('a', 'ls', '/run/heddle'), 'admin\nxds\n');
      assert.equal(await node.exec('a', 'ls', '/run/heddle/xds'), 'xds.sock\n');
      const mark = `import socket; socket.socket().setsockopt(socket.SOL_SOCKET, 36, 1337)`;
      await assert.rejects(node.exec('a', 'python3', '-c', mark), /PermissionError|not permitted|No such file/);
    });

    test('excluded ports and ranges lead past the sidecar', async () => {
      const [b, c] = [
        meshed('b', '10.244.0.3'),
        meshed('c', '10.244.0.4', { interception: { excludeOutboundCidrs: ['10.244.0.3/32'] } }),
      ];
      const d = meshed('d', '10.244.0.5', {
        interception: { excludeOutboundPorts: [8080], excludeInboundPorts: [8080] },
      });
      await node.client.putPods([meshed('a', '10.244.0.2'), b, c, d]);
      await node.until(pods => pods.length === 4 && pods.every(pod => pod.sidecar?.state === 'running'));
      await serve(c);
      await serve(d);
      await node.until(ready(4));
      for (const from of ['c', 'd']) {
        const answer = await call(from, 'http://b:8080/');
        assert.equal(answer['x-outbound'], undefined);
        assert.equal(answer['x-inbound'], 'b:8080');
      }
      assert.equal((await call('a', 'http://10.244.0.5:8080/'))['x-inbound'], undefined);
    });

    test('a sidecar that dies comes back, and so does one whose control plane came back', async () => {
      end.abort();
      end = new AbortController();
      controller = new XdsServer();
      void controller.run(end.signal);
      const admin = (await node.client.pods())[0]?.sidecar?.adminSocket ?? '';
      request({ socketPath: admin, method: 'POST', path: '/quitquitquit', agent: false }, response => {
        response.resume();
      })
        .on('error', () => {})
        .end();
      await node.until(pods => !ready(4)(pods));
      await serve(meshed('a', '10.244.0.2'));
      const [a] = await node.until(ready(4));
      assert.equal(a?.sidecar?.restartCount, 1);
      assert.equal(a?.containers[0]?.restartCount, 0);
      assert.equal((await call('a', 'http://b:8080/'))['x-outbound'], 'b:8080');
    });

    test('a pod of a sidecar alone listens on a socket that the host sees', async () => {
      const door: Pod = { namespace: 'heddle-system', name: 'front-door', ip: '10.244.0.9', containers: [] };
      const sharedDirectory = join(node.runDirectory, 'front-door');
      const pod = { ...door, sidecar: sidecar(door, { sharedDirectory, interception: null }) };
      await node.client.putPods([meshed('b', '10.244.0.3'), pod]);
      await node.until(pods => pods.some(({ name, sidecar }) => name === 'front-door' && sidecar?.state === 'running'));
      const listener = passOn('door', { pipe: '/run/heddle/shared/http.sock' });
      await serve(door, { groups: [{ resources: [listener, toB] }] });
      await node.until(ready(2));
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      request({ socketPath: join(sharedDirectory, 'http.sock'), path: '/', agent: false, headers: { host: 'b' } })
        .on('response', response => void text(response).then(resolve, reject))
        .on('error', reject)
        .end();
      const answer = JSON.parse(await promise) as Record<string, string>;
      assert.equal(answer['x-door'], 'b');
      assert.equal(answer['x-inbound'], 'b');
    });

    test('seven pods with sidecars are ready well within five seconds', async t => {
      await node.client.putPods([]);
      await node.until(pods => pods.length === 0);
      const pods = Array.from({ length: 7 }, (_, i) => meshed(`p${i}`, `10.244.7.${i + 2}`));
      const start = performance.now();
      await node.client.putPods(pods);
      await node.until(pods => pods.length === 7 && pods.every(pod => pod.sidecar?.state === 'running'));
      await Promise.all(pods.map(pod => serve(pod)));
      await node.until(ready(7));
      const seconds = (performance.now() - start) / 1000;
      t.diagnostic(`seven pods with sidecars were ready after ${seconds.toFixed(2)} s`);
      assert.ok(seconds < 5);
    });
  });
}

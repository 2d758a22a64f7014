/** The delta protocol against a real Envoy, over a Unix socket. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { BootstrapJson } from '@heddle/envoy-api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { FilterChainJson } from '@heddle/envoy-api/envoy/config/listener/v3/listener_components_pb';
import { CertificateAuthority } from '../../packages/control-plane/src/identity/ca.ts';
import {
  trustBundleName,
  WorkloadSecrets,
  workloadCertificateName,
} from '../../packages/control-plane/src/identity/secrets.ts';
import { type EncodedResource, encode } from '../../packages/control-plane/src/xds/encode.ts';
import { type XdsObserver, XdsServer } from '../../packages/control-plane/src/xds/server.ts';
import type { Snapshot } from '../../packages/control-plane/src/xds/snapshot.ts';

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const envoy = process.env.HEDDLE_ENVOY ?? join(cache, 'heddle/envoy/1.40.0/envoy');
const node = 'sidecar~10.0.0.1~a.b~test';
const any = (type: string, value: object) => ({ '@type': `type.googleapis.com/${type}`, ...value });
const ads = { ads: {}, resourceApiVersion: 'V3' } as const;

const cluster = (name: string) =>
  encode('cluster', { name, type: 'EDS', connectTimeout: '1s', edsClusterConfig: { edsConfig: ads } });

const route = (to: string, regex?: string) => {
  const match = regex === undefined ? { prefix: '/' } : { safeRegex: { regex } };
  const routes = [{ match, route: { cluster: to } }];
  return encode('route', { name: 'r', virtualHosts: [{ name: 'all', domains: ['*'], routes }] });
};
const listener = (name: string, at: number, transport: Pick<FilterChainJson, 'transportSocket'> = {}) => {
  const router = { name: 'router', typedConfig: any('envoy.extensions.filters.http.router.v3.Router', {}) };
  const manager = any('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    statPrefix: 'in',
    rds: { routeConfigName: 'r', configSource: ads },
    httpFilters: [router],
  });
  const address = { socketAddress: { address: '127.0.0.1', portValue: at } };
  const filters = [{ name: 'hcm', typedConfig: manager }];
  return encode('listener', { name, address, filterChains: [{ ...transport, filters }] });
};
/** Mutual TLS with what comes over SDS. */
const secureTransport = {
  transportSocket: {
    name: 'tls',
    typedConfig: any('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      requireClientCertificate: true,
      commonTlsContext: {
        tlsCertificateSdsSecretConfigs: [{ name: workloadCertificateName, sdsConfig: ads }],
        validationContextSdsSecretConfig: { name: trustBundleName, sdsConfig: ads },
      },
    }),
  },
};
const snapshot = (...resources: EncodedResource[]): Snapshot => ({ groups: [{ resources }] });

/** What happened on the stream, in order, and somebody who waits for it. */
class Log implements XdsObserver {
  readonly lines: string[] = [];
  #wake = Promise.withResolvers<void>();

  #add(line: string): void {
    this.lines.push(line);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  connected = () => this.#add('connected');
  disconnected = () => this.#add('disconnected');
  synced: NonNullable<XdsObserver['synced']> = () => this.#add('synced');
  sent: NonNullable<XdsObserver['sent']> = ({ typeUrl, resources, removed }) => {
    const names = [...resources.map(({ name }) => name), ...removed.map(name => `-${name}`)];
    this.#add(`sent ${[typeUrl.slice(typeUrl.lastIndexOf('.') + 1), ...names].join(' ')}`);
  };
  rejected: NonNullable<XdsObserver['rejected']> = ({ resources, message }) =>
    this.#add(`rejected ${resources.map(({ name }) => name).join(' ')}: ${message}`);

  /** Waits for a line, and hands out all up to it. */
  async until(line: string | RegExp): Promise<string[]> {
    for (;;) {
      const at = this.lines.findIndex(l => (typeof line === 'string' ? l === line : line.test(l)));
      if (at >= 0) return this.lines.splice(0, at + 1);
      await this.#wake.promise;
    }
  }
}

describe('a real Envoy', { skip: !existsSync(envoy) && `no Envoy at ${envoy}`, timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-envoy-'));
  const socket = join(folder, 'xds.sock');
  const backends: Server[] = [];
  let log = new Log();
  let abort = new AbortController();
  let server: XdsServer;
  let proxy: ChildProcess;
  let port: number;

  async function serve(snapshot: Snapshot): Promise<void> {
    log = new Log();
    abort = new AbortController();
    server = new XdsServer({ observer: log });
    server.publish(node, snapshot);
    void server.run(abort.signal);
    await server.listen({ path: socket, node });
  }

  /** A server that answers with a word. */
  async function backend(word: string): Promise<number> {
    const http = createServer((_, response) => response.end(word)).listen(0, '127.0.0.1');
    backends.push(http);
    await once(http, 'listening');
    return (http.address() as AddressInfo).port;
  }

  async function get(): Promise<string> {
    const [response] = await once(request({ port, host: '127.0.0.1' }).end(), 'response');
    return Buffer.concat(await response.toArray()).toString();
  }

  let words: Record<string, number>;
  const endpoints = (name: string, word = name) => {
    const address = { socketAddress: { address: '127.0.0.1', portValue: words[word] ?? 0 } };
    return encode('endpoints', { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address } }] }] });
  };
  before(async () => {
    words = { one: await backend('one'), two: await backend('two') };
    port = await free();
    const bootstrap: BootstrapJson = {
      node: { id: node, cluster: 'test' },
      dynamicResources: {
        adsConfig: {
          apiType: 'DELTA_GRPC',
          transportApiVersion: 'V3',
          grpcServices: [{ envoyGrpc: { clusterName: 'xds' } }],
          setNodeOnFirstMessageOnly: true,
        },
        cdsConfig: ads,
        ldsConfig: ads,
      },
      staticResources: {
        clusters: [
          {
            name: 'xds',
            connectTimeout: '1s',
            typedExtensionProtocolOptions: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(
                'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
                { explicitHttpConfig: { http2ProtocolOptions: {} } },
              ),
            },
            loadAssignment: {
              clusterName: 'xds',
              endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }],
            },
          },
        ],
      },
    };
    const file = join(folder, 'envoy.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    await serve(snapshot(cluster('one'), endpoints('one'), route('one'), listener('l', port)));
    proxy = spawn(envoy, ['-c', file, '--concurrency', '1', '--use-dynamic-base-id', '-l', 'error'], {
      stdio: 'inherit',
    });
  });

  after(async () => {
    abort.abort();
    const gone = once(proxy, 'exit');
    proxy.kill('SIGKILL');
    await gone;
    for (const http of backends) http.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  test('connects, asks, gets everything in order, and serves', async () => {
    assert.deepEqual(await log.until('synced'), [
      'connected',
      'sent Cluster one',
      'sent ClusterLoadAssignment one',
      'sent Listener l',
      'sent RouteConfiguration r',
      'synced',
    ]);
    assert.equal(await get(), 'one');
  });

  test('takes an update without losing a request: the new cluster is there before its route', async () => {
    const seen: string[] = [];
    server.publish(node, snapshot(cluster('two'), endpoints('two'), route('two'), listener('l', port)));
    while (seen.at(-1) !== 'two') seen.push(await get());
    assert.deepEqual([...new Set(['one', ...seen])], ['one', 'two']);
    assert.deepEqual(await log.until('synced'), [
      'sent Cluster two',
      'sent ClusterLoadAssignment two',
      'sent RouteConfiguration r',
      'sent Cluster -one',
      'synced',
    ]);
  });

  test('warms a changed cluster whose endpoints have not changed', async () => {
    const slower = encode('cluster', {
      name: 'two',
      type: 'EDS',
      connectTimeout: '2s',
      edsClusterConfig: { edsConfig: ads },
    });
    server.publish(node, snapshot(slower, endpoints('two'), route('two'), listener('l', port)));
    assert.deepEqual(await log.until('synced'), ['sent Cluster two', 'sent ClusterLoadAssignment two', 'synced']);
    assert.equal(await get(), 'two');
  });

  test('keeps what it has when it rejects a resource, and takes the rest', async () => {
    const rest = [cluster('two'), endpoints('two', 'one'), listener('l', port)];
    server.publish(node, snapshot(...rest, route('two', '((')));
    const lines = await log.until(/^rejected r: /);
    assert.match(lines.at(-1) ?? '', /missing \)/);
    assert.equal(await get(), 'one');
    assert.equal(server.status()[0]?.inSync, false);
    server.publish(node, snapshot(...rest, route('two')));
    assert.deepEqual(await log.until('synced'), ['synced']);
  });

  test('sets aside the listener and the clusters that it names or that fail alone', async () => {
    const good = [cluster('two'), endpoints('two', 'one'), listener('l', port), route('two')];
    const wrong = encode('cluster', { name: 'wrong', type: 'EDS' });
    const odd = encode('cluster', { name: 'odd', connectTimeout: '-1s' });
    server.publish(node, snapshot(...good, wrong, odd, listener('m', port)));
    const lines = [...(await log.until(/^rejected odd: /)), ...(await log.until(/^rejected m: /))];
    assert.equal(
      lines.some(line => line.startsWith('rejected wrong: ')),
      true,
    );
    assert.equal(await get(), 'one');
    server.publish(node, snapshot(...good));
    await log.until('synced');
  });

  test('reconnects to a restarted server, and gets nothing that it has', async () => {
    abort.abort();
    await serve(snapshot(cluster('two'), endpoints('two', 'one'), listener('l', port), route('two')));
    assert.deepEqual(await log.until('synced'), ['connected', 'synced']);
    server.publish(node, snapshot(cluster('two'), endpoints('two'), listener('l', port), route('two')));
    assert.deepEqual(await log.until('synced'), ['sent ClusterLoadAssignment two', 'synced']);
    assert.equal(await get(), 'two');
  });

  test('takes certificates over the same stream; a renewed one shows in new handshakes', async () => {
    const clock = { ms: Date.now() - 17 * 3_600_000 };
    const now = () => new Date(clock.ms);
    const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now });
    const secrets = new WorkloadSecrets({ authority, now, onRenewed: () => {} });
    const identity = { namespace: 'a', serviceAccount: 'b' };
    const good = [
      cluster('two'),
      endpoints('two', 'one'),
      route('two'),
      encode('secret', secrets.trustBundle.resource),
    ];
    const secured = listener('l', port, secureTransport);
    const publish = () => {
      const { resource, versioning } = secrets.certificate(identity);
      server.publish(node, snapshot(...good, secured, encode('secret', resource, versioning)));
    };
    const handshake = async () => {
      const { certificateChainPem: cert, privateKey } = authority.issue({ namespace: 'c', serviceAccount: 'd' });
      const key = privateKey.reveal();
      const options = { port, host: '127.0.0.1', ca: authority.trustBundlePem, cert, key };
      const socket = connectTls({ ...options, checkServerIdentity: () => undefined });
      await once(socket, 'secureConnect');
      const { subjectaltname, serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      assert.equal(subjectaltname, 'URI:spiffe://cluster.local/ns/a/sa/b');
      return serialNumber;
    };
    publish();
    await log.until('synced');
    const before = await handshake();
    assert.equal(await handshake(), before);
    clock.ms = Date.now();
    secrets.renew();
    publish();
    assert.deepEqual(await log.until('synced'), ['sent Secret workload-certificate', 'synced']);
    assert.notEqual(await handshake(), before);
  });
});

/** A port that nobody listens on, for Envoy to take. */
async function free(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

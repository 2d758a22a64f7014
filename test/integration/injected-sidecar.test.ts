/** The sidecar of an injected pod, as kubelet would start it: a real Envoy, its token, its probes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { CertificateAuthority } from '../../packages/control-plane/src/identity/ca.ts';
import { TokenAuthenticator } from '../../packages/control-plane/src/identity/token-authenticator.ts';
import { injectPod } from '../../packages/control-plane/src/inject/inject-pod.ts';
import { recordsIn } from '../../packages/control-plane/src/inject/pod-to-inject.ts';
import { defaultInjection } from '../../packages/control-plane/src/inject/settings.ts';
import { identityFiles } from '../../packages/control-plane/src/inject/sidecar-container.ts';
import { type Authenticate, XdsServer } from '../../packages/control-plane/src/xds/server.ts';

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const envoy = process.env.HEDDLE_ENVOY ?? join(cache, 'heddle/envoy/1.40.0/envoy');
/** Every address of 127/8 is this machine: one that nobody else has is as good as a pod's. */
const address = `127.${77 + (process.pid % 100)}.${process.pid % 251}.7`;
const now = (): Date => new Date();

/** Waits until something is so. */
async function until(what: string, isSo: () => unknown): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await new Promise(resolve => setImmediate(resolve));
  }
}

type Ports = Record<'http' | 'https' | 'grpc', number>;

interface Answer {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

async function ask(port: number, path: string, method = 'GET'): Promise<Answer> {
  const sent = request({ host: address, port, path, method, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: Object.keys(response.headers), body: await text(response) };
}

describe('the sidecar of an injected pod', {
  skip: !existsSync(envoy) && `no Envoy at ${envoy}`,
  timeout: 120_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-injected-'));
  const identity = join(folder, 'identity');
  const end = new AbortController();
  const authority = new CertificateAuthority({ trustDomain: 'cluster.local', now });
  const shown: string[] = [];
  const connected: string[] = [];
  const asked: string[] = [];
  const servers: { close: () => unknown }[] = [];
  let isHealthy = true;
  let proxy: ChildProcess;
  let log = '';
  let xds: XdsServer;
  let port: number;

  const settings = () => ({
    ...defaultInjection('1'),
    controlPlane: { host: '127.0.0.1', serverName: 'mesh-controller.heddle-system.svc', port },
  });

  const authenticator = new TokenAuthenticator({
    review: async token => {
      shown.push(token);
      return {
        authenticated: token.startsWith('good'),
        audiences: ['heddle'],
        user: {
          username: 'system:serviceaccount:shop:web',
          extra: {
            'authentication.kubernetes.io/pod-name': ['web-1'],
            'authentication.kubernetes.io/pod-uid': ['u'],
          },
        },
      };
    },
    audience: 'heddle',
    now,
    rememberMs: { pod: 0, refusal: 0 },
  });
  const authenticate: Authenticate = async authorization => {
    try {
      const { name, namespace } = await authenticator.authenticate(authorization);
      return { node: `sidecar~10.0.0.1~${name}.${namespace}~proven` };
    } catch (error) {
      return { refusal: String(error) };
    }
  };

  /** Puts files in place as kubelet does: a folder of their own, and one link that is exchanged. */
  function project(token: string, generation: number): void {
    const data = join(identity, `..${generation}`);
    mkdirSync(data, { recursive: true });
    const files = { ...identityFiles(authority.trustBundlePem), token };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(data, name), content.replaceAll('/var/run/heddle', identity));
    }
    symlinkSync(`..${generation}`, join(identity, '..next'));
    renameSync(join(identity, '..next'), join(identity, '..data'));
    if (generation === 1) for (const name of Object.keys(files)) symlinkSync(`..data/${name}`, join(identity, name));
  }

  async function serveXds(at: number): Promise<void> {
    const server = new XdsServer({ observer: { connected: ({ node }) => connected.push(node) } });
    server.publish('sidecar~10.0.0.1~web-1.shop~proven', { groups: [] });
    const issued = authority.issueServing(['mesh-controller.heddle-system.svc']);
    const listening = await server.listen({
      host: '127.0.0.1',
      port: at,
      certificate: { certificatePem: issued.certificateChainPem, privateKeyPem: issued.privateKey.reveal() },
      authenticate,
    });
    port = Number(listening.address.split(':')[1]);
    servers.push(listening);
    xds = server;
  }

  const answer: RequestListener = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(isHealthy ? 200 : 500, { 'x-secret': 'yes' }).end('a secret');
  };

  async function startApplication(): Promise<Ports> {
    const leaf = authority.issueServing(['app']);
    const tls = { cert: leaf.certificateChainPem, key: leaf.privateKey.reveal() };
    const grpc = createHttp2Server((incoming, response) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      response.writeHead(200, { 'content-type': 'application/grpc' });
      response.write(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
      response.addTrailers({ 'grpc-status': '0' });
      response.end();
    });
    const all = { http: createServer(answer), https: createHttpsServer(tls, answer), grpc };
    const ports: Ports = { http: 0, https: 0, grpc: 0 };
    for (const name of ['http', 'https', 'grpc'] as const) {
      const server = all[name];
      server.listen(0, address);
      await once(server, 'listening');
      ports[name] = (server.address() as import('node:net').AddressInfo).port;
      servers.push(server);
    }
    return ports;
  }

  function startSidecar(ports: Ports): void {
    const container = {
      name: 'app',
      readinessProbe: { httpGet: { path: '/ready?full=1', port: ports.http } },
      livenessProbe: { httpGet: { path: '/live', port: ports.https, scheme: 'HTTPS' } },
      startupProbe: { tcpSocket: { port: ports.http } },
    };
    const dead = {
      name: 'dead',
      livenessProbe: { tcpSocket: { port: 9 } },
      readinessProbe: { grpc: { port: ports.grpc } },
    };
    const injection = injectPod(
      { metadata: { name: 'web-1' }, spec: { containers: [container, dead] } },
      { namespace: 'shop' },
      settings(),
    );
    assert.equal(injection.kind, 'injected');
    const sidecar = recordsIn(injection.pod.spec['initContainers'])[1] ?? {};
    const values: Record<string, string> = { POD_IP: address, POD_NAME: 'web-1', POD_NAMESPACE: 'shop' };
    const args = (sidecar['args'] as string[]).map(argument =>
      argument
        .replaceAll(/\$\$|\$\((\w+)\)/g, (_, name: string | undefined) =>
          name === undefined ? '$' : (values[name] ?? ''),
        )
        .replaceAll('/var/run/heddle', identity)
        .replaceAll('/run/heddle', folder),
    );
    proxy = spawn(envoy, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    proxy.stderr?.on('data', chunk => {
      log += String(chunk);
    });
  }

  before(async () => {
    mkdirSync(identity);
    project('good-1', 1);
    await serveXds(0);
    startSidecar(await startApplication());
    await until(`the sidecar is ready: ${log}`, () =>
      ask(15_021, '/ready').then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  });

  after(async () => {
    end.abort();
    proxy.kill('SIGKILL');
    await once(proxy, 'exit');
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  test('it is given what the pod of its token is to have, whatever it calls itself', () => {
    assert.deepEqual(new Set(shown), new Set(['good-1']));
    assert.deepEqual(new Set(connected), new Set(['sidecar~10.0.0.1~web-1.shop~proven']));
    assert.equal(xds.isInSync('sidecar~10.0.0.1~web-1.shop~proven'), true);
  });

  test('an HTTP probe asks the application once, and tells its status alone (T13)', async () => {
    asked.length = 0;
    const { status, headers, body } = await ask(15_901, '/heddle/app/readinessProbe');
    assert.deepEqual([status, body], [200, '']);
    assert.ok(!headers.includes('x-secret'));
    assert.deepEqual(asked, ['GET /ready?full=1']);
    isHealthy = false;
    assert.equal((await ask(15_901, '/heddle/app/readinessProbe')).status, 500);
    isHealthy = true;
  });

  test('an HTTPS probe is asked in plain HTTP, and asks by TLS', async () => {
    assert.equal((await ask(15_901, '/heddle/app/livenessProbe')).status, 200);
    assert.equal(asked.at(-1), 'GET /live');
  });

  test('a TCP probe tells whether the port takes connections', async () => {
    await until('the port is seen', async () => (await ask(15_901, '/heddle/app/startupProbe')).status === 200);
    assert.equal((await ask(15_901, '/heddle/dead/livenessProbe')).status, 503);
  });

  test('a gRPC probe passes as it is', async () => {
    const { connect } = await import('node:http2');
    const session = connect(`http://${address}:15910`);
    const ask = async (path: string): Promise<unknown> => {
      const stream = session.request({
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.end(Buffer.from([0, 0, 0, 0, 0]));
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
      stream.resume();
      return headers['grpc-status'] ?? headers[':status'];
    };
    assert.equal(await ask('/grpc.health.v1.Health/Check'), 200);
    assert.notEqual(await ask('/shop.Orders/List'), 200);
    session.close();
  });

  test('nothing else is answered there: no other path, no other method', async () => {
    asked.length = 0;
    for (const [port, path, method] of [
      [15_901, '/ready?full=1', 'GET'],
      [15_901, '/heddle/app/readinessProbe/x', 'GET'],
      [15_901, '/heddle/app/readinessProbe', 'POST'],
      [15_021, '/stats', 'GET'],
      [15_021, '/quitquitquit', 'POST'],
      [15_090, '/config_dump', 'GET'],
      [15_090, '/', 'GET'],
    ] as const) {
      assert.equal((await ask(port, path, method)).status, 404, `${method} ${path}`);
    }
    assert.deepEqual(asked, []);
    assert.match((await ask(15_090, '/stats/prometheus')).body, /^# TYPE envoy_/);
  });

  test('a token that kubelet exchanged counts from the next stream on, also at another replica', async () => {
    project('good-2', 2);
    servers[0]?.close();
    await until('the port is free again', () =>
      serveXds(port).then(
        () => true,
        () => false,
      ),
    );
    await until('the new token is shown', () => shown.includes('good-2'));
    await until('it is in sync', () => xds.isInSync('sidecar~10.0.0.1~web-1.shop~proven'));
  });
});

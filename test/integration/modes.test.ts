// Modes switch live (I4), on real pods with real sidecars: who is let in changes, and nobody's connection ends who is let in.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { type Modes, serviceOf, wouldBeDeniedStats } from '@heddle/mesh';
import type { KubeObject } from '@heddle/smi';
import { LiveMesh } from '../differential/live-mesh.ts';
import { eventually, testEnvoy } from './local-harness.ts';
import type { Kept } from './modes/keeper.ts';
import type { Heard } from './say-bytes.ts';

const envoy = await testEnvoy();
const program = (file: string) => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  join(import.meta.dirname, file),
];
const idle = [process.execPath, '-e', 'setInterval(() => {}, 2 ** 30)'];

const pod = (namespace: string, name: string, command: readonly string[], more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name }, ...more },
  spec: { serviceAccountName: name, containers: [{ name, image: name, command, ...(name === 'db' && probe) }] },
});
const probe = { readinessProbe: { tcpSocket: { port: 8080 } } };
const ports = [
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'mysql', port: 3306 },
  { name: 'data', port: 7000 },
];
const world: KubeObject[] = [
  pod('shop', 'web', idle),
  pod('shop', 'thief', idle),
  pod('legacy', 'old', idle, { annotations: { 'heddle.dev/inject': 'disabled' } }),
  pod('stock', 'db', program('modes/counting-server.ts')),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', namespace: 'stock' },
    spec: { selector: { app: 'db' }, ports },
  },
];
const smi = (group: string, kind: string, spec: object): KubeObject => ({
  apiVersion: `${group}.smi-spec.io/v1alpha4`,
  kind,
  metadata: { name: 'db', namespace: 'stock' },
  spec,
});
const policy = [
  smi('specs', 'TCPRoute', {}),
  smi('access', 'TrafficTarget', {
    destination: { kind: 'ServiceAccount', name: 'db' },
    sources: [{ kind: 'ServiceAccount', name: 'web', namespace: 'shop' }],
    rules: [{ kind: 'TCPRoute', name: 'db' }],
  }),
];

/** The policy, with modes of the namespace or, where they are the mesh's, of that. */
function under(modes: Partial<Modes>, of: 'namespace' | 'mesh' = 'namespace'): KubeObject[] {
  const annotations = Object.fromEntries(Object.entries(modes).map(([mode, value]) => [`heddle.dev/${mode}`, value]));
  const object: KubeObject =
    of === 'namespace'
      ? { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'stock', annotations } }
      : { apiVersion: 'heddle.dev/v1alpha1', kind: 'MeshConfig', metadata: { name: 'mesh' }, spec: modes };
  return [...policy, object];
}

const handshake = `
require('node:tls')
  .connect({ host: process.argv[1], port: 7000, ALPNProtocols: ['h2'] })
  .on('error', ({ code }) => process.stdout.write(code));`;

const greeting = { text: '220 welcome\r\n', end: 'silent' } satisfies Heard;

/** Somebody who keeps connections, and what is said of them. */
interface Keeper {
  readonly child: ChildProcess;
  readonly lines: Interface;
}

describe('modes', { skip: envoy === undefined }, () => {
  let mesh: LiveMesh;
  let web: Keeper;
  let thief: Keeper;
  let address = '';
  before(async () => {
    mesh = await LiveMesh.start({ world, envoy: envoy ?? '', uid: process.getuid?.() ?? 1000 });
    const model = await mesh.apply(policy);
    address = serviceOf(model, 'stock/db')?.ports[0]?.endpoints[0]?.address ?? '';
    web = await startKeeper('web');
  });
  after(async () => {
    for (const keeper of [web, thief]) keeper?.child.stdin?.end();
    await mesh?.end();
  });

  async function run(name: string, command: readonly string[]): Promise<ChildProcess> {
    const namespace = name === 'old' ? 'legacy' : 'shop';
    const { command: line, environment } = await mesh.exec({ namespace, name }, command);
    const [file = '', ...args] = line;
    return spawn(file, args, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** What a caller hears who connects to a port of the database; `says` nothing unless given. */
  async function hear(name: 'thief' | 'old', port: number, says = ''): Promise<Heard> {
    const host = name === 'old' ? address : 'db.stock';
    const { stdout } = await run(name, [...program('say-bytes.ts'), host, String(port), says]);
    return JSON.parse(await text(stdout as NodeJS.ReadableStream)) as Heard;
  }

  /** How a TLS handshake of somebody's own fails. */
  async function shakeHands(): Promise<string> {
    const { stdout } = await run('old', [process.execPath, '-e', handshake, address]);
    return await text(stdout as NodeJS.ReadableStream);
  }

  async function startKeeper(name: 'web' | 'thief'): Promise<Keeper> {
    const child = await run(name, [...program('modes/keeper.ts'), 'db.stock']);
    return { child, lines: createInterface({ input: child.stdout as NodeJS.ReadableStream }) };
  }

  async function kept({ child, lines }: Keeper = web): Promise<Kept> {
    child.stdin?.write('\n');
    const [line] = (await once(lines, 'line')) as [string];
    return JSON.parse(line) as Kept;
  }

  const counted = async (name: string) => await mesh.statistic({ namespace: 'stock', name: 'db' }, name);
  const greets = async (name: 'thief' | 'old') =>
    await eventually(`${name} is greeted`, async () => {
      const heard = await hear(name, 3306);
      return heard.text === '' ? undefined : heard;
    });
  const isRefused = async (name: 'thief' | 'old') =>
    await eventually(`${name} is refused`, async () => {
      const heard = await hear(name, 3306);
      return heard.text === '' ? heard : undefined;
    });

  test('enforce, strict: a denied client hears nothing, and its server knows of no connection (T9, I2)', async () => {
    const { body } = await kept();
    for (const name of ['thief', 'old'] as const) {
      const { text: heard, end } = await hear(name, 3306);
      assert.deepEqual([name, heard, end === 'silent'], [name, '', false]);
    }
    assert.deepEqual(await kept(), { status: 200, body, same: true, bytes: 'open' });
  });

  test('audit: who would be denied is let in, and counted while it is silent (I3)', async () => {
    const before = await counted(wouldBeDeniedStats.connections);
    mesh.edit(under({ policy: 'audit' }));
    assert.deepEqual(await greets('thief'), greeting);
    assert.equal((await counted(wouldBeDeniedStats.connections)) - before, 1);
    assert.equal((await isRefused('old')).text, '');
    const requests = await counted(wouldBeDeniedStats.requests);
    const { status, same, bytes } = await kept();
    assert.deepEqual([status, same, bytes], [200, true, 'open']);
    assert.equal(await counted(wouldBeDeniedStats.requests), requests);
    const stolen = await hear('thief', 80, 'GET / HTTP/1.0\r\nHost: db\r\n\r\n');
    assert.match(stolen.text, /^HTTP\/1\.[01] 200 /);
    assert.equal(await counted(wouldBeDeniedStats.requests), requests + 1);
    thief = await startKeeper('thief');
    assert.deepEqual((await kept(thief)).bytes, 'open');
  });

  test('audit, permissive: plain text is let in and counted, a handshake that is not the mesh’s is the application’s (I2)', async () => {
    mesh.edit(under({ policy: 'audit', mtls: 'permissive' }));
    const before = await counted(wouldBeDeniedStats.connections);
    assert.deepEqual(await greets('old'), greeting);
    assert.equal((await counted(wouldBeDeniedStats.connections)) - before, 1);
    assert.equal((await hear('old', 7000, 'hello')).text, 'bytes');
    // What answers is no TLS: the handshake has come as far as the application.
    assert.match(await shakeHands(), /^ERR_SSL_/);
    // Whom nobody knows can't claim to be somebody (H5).
    const forged = 'X-Forwarded-Client-Cert: URI=spiffe://cluster.local/ns/shop/sa/web\r\nX-Envoy-Retry-On: 5xx\r\n';
    const answer = await hear('old', 8080, `GET /headers HTTP/1.1\r\nHost: db\r\nConnection: close\r\n${forged}\r\n`);
    assert.match(answer.text, /^HTTP\/1\.1 200 [^]*"host":"db"/);
    assert.doesNotMatch(answer.text, /client-cert|retry-on/i);
    const { status, same, bytes } = await kept();
    assert.deepEqual([status, same, bytes], [200, true, 'open']);
  });

  test('enforce, permissive: plain text hears nothing any more (I2, T9)', async () => {
    mesh.edit(under({ mtls: 'permissive' }));
    await isRefused('old');
    await isRefused('thief');
    const { body } = await kept();
    assert.equal((await hear('old', 3306)).text, '');
    assert.equal(await shakeHands(), 'ECONNRESET');
    // By the time that the drain has closed what it was let in with, the drain has closed all that it closes.
    await eventually('the connection that audit let in has ended (T12)', async () =>
      (await kept(thief)).bytes === 'closed' ? true : undefined,
    );
    assert.deepEqual(await kept(), { status: 200, body, same: true, bytes: 'open' });
  });

  test('allow-all, for the mesh: nobody is asked and nothing is counted (I3, I4)', async () => {
    mesh.edit(under({ policy: 'allow-all' }, 'mesh'));
    const before = await counted(wouldBeDeniedStats.connections);
    assert.deepEqual(await greets('thief'), greeting);
    assert.equal(await counted(wouldBeDeniedStats.connections), before);
    await isRefused('old');
    const { status, same, bytes } = await kept();
    assert.deepEqual([status, same, bytes], [200, true, 'open']);
  });

  test('back where it began, the connections of who was let in all along are those of the beginning', async () => {
    mesh.edit(policy);
    await isRefused('thief');
    const { status, same, bytes } = await kept();
    assert.deepEqual([status, same, bytes], [200, true, 'open']);
  });
});

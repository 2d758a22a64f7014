// What MeshConfig sets, on real Envoys of one mesh, while it is edited. The manifests stand in `mesh-config`.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { MeshStatus } from '../../packages/control-plane/src/api/mesh-status.ts';
import { eventually } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

/** Makes calls one after the other, and prints what each was answered: status and body. */
const caller = `
const answers = [];
for (let i = 0; i < Number(process.argv[2]); i++) {
  const answer = await fetch(process.argv[1]);
  answers.push(answer.status + ' ' + (await answer.text()).trim());
}
console.log(JSON.stringify(answers));`;

function isOverflow(line: Record<string, unknown>): boolean {
  return String(line['flags']).includes('UO');
}

describe('MeshConfig', () => {
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.of(join(import.meta.dirname, 'mesh-config'));
    up = new RunningUp(place);
    await up.until(/^(Ready|Not ready) after/m);
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGINT');
    await place.remove();
  });

  async function call(url: string, times = 1): Promise<string[]> {
    const command = [process.execPath, '--input-type=module', '-e', caller, url, String(times)];
    const { code, out, err } = await place.run(['exec', 'client', '--', ...command]);
    assert.equal(code, 0, err);
    return JSON.parse(out) as string[];
  }

  /** Writes another MeshConfig, and waits until sidecars have what it says. */
  async function configure(spec: string): Promise<void> {
    await up.after(() => place.edit('mesh.yaml', /^spec:[^]*/m, `spec: ${spec}\n`), /in force/);
  }

  async function status(): Promise<MeshStatus> {
    return JSON.parse((await place.run(['status', '-o', 'json'])).out) as MeshStatus;
  }

  /** What the access log of a pod's sidecar says of calls, the newest last. */
  async function calls(pod: string): Promise<Record<string, unknown>[]> {
    const { out } = await place.run(['logs', pod, '--calls']);
    return out.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  }

  /** Waits for a line about a path, or about a connection of bytes. */
  async function lineOf(
    pod: string,
    about: { readonly path?: string; readonly protocol?: string; readonly policy?: string },
  ) {
    return await eventually(`${pod} writes of ${JSON.stringify(about)}`, async () =>
      (await calls(pod)).findLast(line => Object.entries(about).every(([name, value]) => line[name] === value)),
    );
  }

  /** Sends bytes to an address, and gives what came back. */
  async function echo(from: string, host: string): Promise<string> {
    const script = `
      const socket = require('node:net').connect(9000, '${host}', () => socket.write('hello'));
      socket.on('data', data => { console.log(String(data)); socket.end(); });
      socket.on('error', () => {});`;
    return (await place.run(['exec', from, '--', process.execPath, '-e', script])).out.trim();
  }

  /** For how many milliseconds the certificate of a sidecar is valid yet: its root is for years. */
  async function lifeLeft(pod: string): Promise<number> {
    const expiries = (await up.askSidecar(pod, '/certs')).matchAll(/"expiration_time": ?"([^"]*)"/g);
    return Math.min(...[...expiries].map(([, time = '']) => Date.parse(time) - Date.now()));
  }

  const versionsOfListeners = async (pod: string): Promise<string[]> =>
    (await up.askSidecar(pod, '/config_dump?resource=dynamic_listeners')).match(/"version_info": ?"[^"]*"/g) ?? [];

  test('the domains that it says are those of the mesh from its start', async () => {
    const { sidecars, objects } = await status();
    assert.ok(sidecars.some(({ identity }) => identity === 'spiffe://shop.example/ns/shop/sa/client'));
    const config = objects.find(({ kind }) => kind === 'MeshConfig');
    assert.deepEqual([config?.accepted, config?.reasons], [true, []]);
    const all = sidecars.length;
    assert.deepEqual(config?.programmed, { acknowledged: all, concerned: all });
  });

  test('an endpoint of two that fails is left out, the only one of a Service never is', async () => {
    await eventually('only the good one is called', async () =>
      (await call('http://pair/public', 10)).every(answer => answer === '200 good') ? true : undefined,
    );
    assert.deepEqual([...new Set(await call('http://lone/public', 10))], ['503 lone']);
  });

  test('with no failures to count nobody is left out, as soon as it is saved', async () => {
    await configure('{outlierDetection: {consecutiveFailures: 0}}');
    await eventually('both are called', async () =>
      new Set(await call('http://pair/public', 10)).size === 2 ? true : undefined,
    );
  });

  test('calls are written down, on both sides, with what policy said, and no listener changes for it', async () => {
    const before = await Promise.all(['client', 'lone', 'bytes'].map(versionsOfListeners));
    assert.deepEqual(await calls('lone'), []);
    await configure('{accessLog: {mode: all}}');
    assert.deepEqual(await call('http://lone/public?secret=1'), ['503 lone']);
    assert.match((await call('http://lone/private'))[0] ?? '', /^403/);
    assert.equal(await echo('client', 'bytes'), 'hello');
    const [client, lone] = ['spiffe://shop.example/ns/shop/sa/client', 'shop/lone'];
    const allowed = await lineOf('lone', { path: '/public' });
    assert.partialDeepStrictEqual(allowed, {
      event: 'call',
      side: 'server',
      source: client,
      destination: lone,
      port: 8080,
    });
    assert.partialDeepStrictEqual(allowed, { policy: 'allowed', method: 'GET', status: 503, bytesOut: 4 });
    assert.equal(typeof allowed['milliseconds'], 'number');
    const denied = await lineOf('lone', { path: '/private' });
    assert.partialDeepStrictEqual(denied, { policy: 'denied', source: client, status: 403 });
    const sent = await lineOf('client', { path: '/public' });
    assert.partialDeepStrictEqual(sent, { side: 'client', service: 'shop/lone:80', backend: 'outbound/shop/lone/80' });
    const bytes = await lineOf('bytes', { protocol: 'TCP' });
    assert.partialDeepStrictEqual(bytes, { policy: 'allowed', source: client, bytesIn: 5, bytesOut: 5 });
    assert.partialDeepStrictEqual(await lineOf('client', { protocol: 'TCP' }), { service: 'shop/bytes:9000' });
    assert.deepEqual(await Promise.all(['client', 'lone', 'bytes'].map(versionsOfListeners)), before);
  });

  test('where only what is denied is written, everything else is not', async () => {
    await configure('{accessLog: {mode: denied}}');
    const [written, read] = [await calls('lone'), await calls('client')];
    assert.deepEqual(await call('http://lone/public'), ['503 lone']);
    assert.match((await call('http://lone/denied'))[0] ?? '', /^403/);
    assert.partialDeepStrictEqual(await lineOf('lone', { path: '/denied' }), { policy: 'denied' });
    assert.equal((await calls('lone')).length, written.length + 1);
    assert.equal((await calls('client')).length, read.length);
    // No TrafficTarget lets it call, and past the Service its sidecar sends plain text, which nobody takes.
    const { out: address } = await place.run(['exec', 'bytes', '--', 'hostname', '-i']);
    assert.equal(await echo('lone', address.trim().split(' ')[0] ?? ''), '');
    assert.partialDeepStrictEqual(await lineOf('bytes', { policy: 'denied' }), { side: 'server', flags: 'NR' });
  });

  test('what is above a limit is refused at once, and what is below it is not', async () => {
    await configure('{limits: {connections: 1}, accessLog: {mode: all}}');
    const script = `
      const { connect } = require('node:net');
      const first = connect(9000, 'bytes', () => first.write('one'));
      first.once('data', () => {
        const second = connect(9000, 'bytes', () => second.write('two'));
        second.on('error', () => {});
        second.on('data', () => console.log('the second is answered'));
        second.on('close', () => first.write('three'));
        first.once('data', data => { console.log(String(data)); first.end(); });
      });`;
    const { out } = await place.run(['exec', 'client', '--', process.execPath, '-e', script]);
    assert.equal(out.trim(), 'three');
    await eventually('it is written down', async () => ((await calls('client')).some(isOverflow) ? true : undefined));
  });

  test('certificates that would be valid for longer than it says are replaced at once', async () => {
    const hour = 3_600_000;
    assert.ok((await lifeLeft('lone')) > hour);
    await configure('{certificates: {lifetime: 1h}}');
    await eventually('it has one of an hour', async () => ((await lifeLeft('lone')) <= hour ? true : undefined));
  });

  test('sidecars log at the level that it says, those that run and are not started again for it', async () => {
    const restarts = await up.pods();
    await configure('{sidecar: {logLevel: debug}}');
    await eventually('it logs what it does', async () => {
      const { out } = await place.run(['logs', 'lone', '--sidecar']);
      return out.includes('[debug]') ? true : undefined;
    });
    await configure('{}');
    assert.deepEqual(await up.pods(), restarts);
  });
});

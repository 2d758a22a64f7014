// What ServiceProfiles and pod labels do on real Envoys: times, repetitions, their budget; connections that stay and that end.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from './local-harness.ts';
import { Place, RunningUp } from './up-harness.ts';

/** Makes requests to `books` all at once, each `METHOD PATH`, and prints the status and the answer of each. */
const requests = `
const answers = process.argv.slice(1).map(async request => {
  const [method, path] = request.split(' ');
  const response = await fetch('http://books.stock' + path, { method });
  return [response.status, await response.text()];
});
console.log(JSON.stringify(await Promise.all(answers)));`;

/** How many tries of each id each version has seen. */
const counts = `
const tries = async (name, id) => Number(await (await fetch('http://' + name + '.stock/?tries=' + id)).text());
const both = async id => [await tries('v1', id), await tries('v2', id)];
console.log(JSON.stringify(await Promise.all(process.argv.slice(1).map(both))));`;

/** Keeps a connection of bytes, and says what happens to it. */
const connection = `
const socket = require('node:net').connect(3306, 'v1.stock');
socket.on('data', bytes => process.stdout.write(bytes));
socket.on('error', () => {});
socket.on('close', () => { console.log('closed'); process.exit(); });`;

describe('a mesh with ServiceProfiles and pod labels', () => {
  let place: Place;
  let up: RunningUp;

  before(async () => {
    place = await Place.of(join(import.meta.dirname, 'profiled'));
    up = new RunningUp(place);
    await up.until(/^(Ready|Not ready) after/m);
  });

  after(async () => {
    if (up.child.exitCode === null) await up.end('SIGKILL');
    await place.remove();
  });

  async function node(pod: string, program: string, ...args: string[]): Promise<unknown> {
    const { code, out, err } = await place.run([
      'exec',
      pod,
      '--',
      process.execPath,
      '-e',
      `(async () => {${program}})()`,
      ...args,
    ]);
    assert.equal(code, 0, err);
    return JSON.parse(out);
  }

  async function send(...wanted: string[]): Promise<[status: number, body: string][]> {
    return (await node('web', requests, ...wanted)) as [number, string][];
  }

  /** For each id the tries at the version that saw more of them, and at the other. */
  async function triesOf(...ids: string[]): Promise<number[][]> {
    return ((await node('web', counts, ...ids)) as number[][]).map(each => each.toSorted((a, b) => b - a));
  }

  test('what takes longer than its route may gets 504 (V6)', async () => {
    const answers = await send('GET /slow?slow=2000', 'GET /slow?slow=0', 'GET /unbounded?slow=900');
    assert.deepEqual(
      answers.map(([status]) => status),
      [504, 200, 200],
    );
  });

  test('a try that takes too long is repeated within the time of the whole', async () => {
    const [answer] = await send('GET /patient?id=patient&slow=600');
    assert.equal(answer?.[0], 504);
    assert.deepEqual(await triesOf('patient'), [[2, 0]]);
  });

  test('a request is repeated as often as the profile says, at the backend that the split chose', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `hopeless-${index}`);
    const answers = await send(...ids.map(id => `GET /repeated?id=${id}&fail=99`));
    assert.ok(answers.every(([status]) => status === 503));
    const seen = await triesOf(...ids);
    assert.ok(
      seen.every(([most, others]) => most === 3 && others === 0),
      JSON.stringify(seen),
    );
    assert.deepEqual(
      (await send('GET /repeated?id=lucky&fail=2', 'PUT /repeated?id=put&fail=1')).map(([status]) => status),
      [200, 200],
    );
  });

  test('a POST is never repeated, nor is what no route is for', async () => {
    const answers = await send('POST /repeated?id=post&fail=1', 'GET /elsewhere?id=elsewhere&fail=1');
    assert.deepEqual(
      answers.map(([status]) => status),
      [503, 503],
    );
    assert.deepEqual(await triesOf('post', 'elsewhere'), [
      [1, 0],
      [1, 0],
    ]);
  });

  test('repetitions have a budget', async () => {
    const storm = Array.from({ length: 80 }, () => 'GET /budgeted?id=storm&fail=100000&slow=150');
    await send(...storm);
    const [[v1 = 0, v2 = 0] = []] = await triesOf('storm');
    assert.ok(
      v1 + v2 >= 80 && v1 + v2 < 80 * 11 * 0.6,
      `${v1 + v2} tries of 80 requests, that may each be sent 11 times`,
    );
  });

  test('a profile that changes is in force for the next request', async () => {
    await up.after(
      () => place.edit('profile.yaml', 'timeout: 300ms', 'timeout: 5s'),
      /in force on \d+ sidecars?.*ServiceProfile/,
    );
    const [answer] = await send('GET /slow?slow=900');
    assert.equal(answer?.[0], 200);
  });

  test('an application that asks is told of routes, and of every change, by a file', async () => {
    const program = `
      import { openRuntime } from ${JSON.stringify(import.meta.resolve('../../packages/runtime/src/index.ts'))};
      const runtime = await openRuntime();
      const say = () => {
        const { name, timeout } = runtime.route('GET', 'http://books.stock/slow');
        console.log(name, timeout, runtime.config.identity, runtime.config.sidecar);
      };
      runtime.onChange(say);
      setInterval(() => {}, 60_000);
      say();`;
    const told = new Running(place, 'web', '--input-type=module', '-e', program);
    await told.until(/^slow 5000 spiffe:\/\/cluster.local\/ns\/shop\/sa\/web true$/m);
    await up.after(() => place.edit('profile.yaml', 'timeout: 5s', 'timeout: 7s'), /in force on .*ServiceProfile/);
    await told.until(/^slow 7000 /m);
    told.end();
  });

  test('explain names the route', async () => {
    const { out } = await place.run(
      'explain -f mesh --from shop/web --to books.stock:80 --path /patient?x -o json'.split(' '),
    );
    assert.equal((JSON.parse(out) as { route: string }).route, 'patient');
  });

  test('a pod that loses its label loses its connections of bytes, and no other pod does (T11, T12)', async () => {
    const [web, other] = [new Running(place, 'web', '-e', connection), new Running(place, 'other', '-e', connection)];
    await Promise.all([web.until(/hello/), other.until(/hello/)]);
    await up.after(() => place.edit('policy.yaml', '{tier: trusted}', "{kept: 'yes'}"), /in force .*IdentityBinding/);
    const late = new Running(place, 'other', '-e', connection);
    assert.equal(await late.until(/closed/), 'closed\n', 'not a byte of the greeting');
    const revoked = performance.now();
    await other.until(/closed/);
    assert.ok(performance.now() - revoked < 30_000);
    await up.after(() => place.edit('policy.yaml', "{kept: 'yes'}", '{tier: trusted}'), /in force .*IdentityBinding/);
    const again = new Running(place, 'other', '-e', connection);
    await again.until(/hello/);
    assert.equal(web.said, 'hello\n', 'it has not ended');
    web.end();
    again.end();
  });
});

/** A program in a pod, for as long as it runs. */
class Running {
  said = '';
  readonly #child: ChildProcess;

  constructor(place: Place, pod: string, ...args: readonly string[]) {
    this.#child = place.start(['exec', pod, '--', process.execPath, ...args]);
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      this.said += chunk;
    });
  }

  async until(wanted: RegExp): Promise<string> {
    return await eventually(`the program says ${String(wanted)}`, () =>
      wanted.test(this.said) ? this.said : undefined,
    );
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

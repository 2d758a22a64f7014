// T12: what policy takes from a client ends on connections that are open, too, and on nobody else's.
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import type { Heard } from '../say-bytes.ts';
import { Place, RunningUp } from '../up-harness.ts';
import type { Happening } from './hold-open.ts';

const program = [process.execPath, '--disable-warning=ExperimentalWarning'];
const holdOpen = join(import.meta.dirname, 'hold-open.ts');
const sayBytes = join(import.meta.dirname, '../say-bytes.ts');

const pod = (namespace: string, name: string, more: string) => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: ${namespace}, labels: {app: ${name}}}
spec: {serviceAccountName: ${name}, containers: [{name: ${name}, image: node:24, ${more}}]}
---`;
const idle = `command: ${JSON.stringify([...program, '-e', 'setInterval(() => {}, 2 ** 30)'])}`;
const serving = `command: ${JSON.stringify([...program, holdOpen, 'serve'])}, readinessProbe: {tcpSocket: {port: 9000}}`;

const workloads = `${pod('shop', 'web', idle)}${pod('shop', 'cart', idle)}${pod('stock', 'db', serving)}
apiVersion: v1
kind: Service
metadata: {name: db, namespace: stock}
spec: {selector: {app: db}, ports: [{name: mysql, port: 3306}, {name: http, port: 8080}, {name: grpc, port: 9000}]}
`;

const routes = `
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: routes, namespace: stock}
spec: {matches: [{name: chat, pathRegex: /chat}, {name: watch, pathRegex: "/db[.]Db/Watch"}]}
---
apiVersion: specs.smi-spec.io/v1alpha4
kind: TCPRoute
metadata: {name: sql, namespace: stock}
spec: {matches: {name: sql, ports: [3306]}}
`;

const target = (client: string, kind: 'HTTPRouteGroup' | 'TCPRoute', rule: string) => `
apiVersion: access.smi-spec.io/v1alpha4
kind: TrafficTarget
metadata: {name: ${client}-${kind.toLowerCase()}, namespace: stock}
spec:
  destination: {kind: ServiceAccount, name: db}
  sources: [{kind: ServiceAccount, name: ${client}, namespace: shop}]
  rules: [{kind: ${kind}, ${rule}}]
---`;
const bytes = (client: string) => target(client, 'TCPRoute', 'name: sql');
const requests = (client: string, entries: string) =>
  target(client, 'HTTPRouteGroup', `name: routes, matches: [${entries}]`);

/** What a revoked connection has at most (T12), and some for this machine. */
const patience = 40_000;

/** The connections of one client, as `hold-open.ts` tells of them. */
class Held {
  readonly #child: ChildProcess;
  readonly #seen: Happening[] = [];
  readonly #lines = new EventEmitter();

  constructor(place: Place, client: string) {
    this.#child = place.start(['exec', client, '--', ...program, holdOpen, 'db.stock']);
    assert.ok(this.#child.stdout);
    createInterface({ input: this.#child.stdout }).on('line', line => {
      this.#seen.push(JSON.parse(line) as Happening);
      this.#lines.emit('line');
    });
  }

  has(what: Happening['what'], event: Happening['event'], from = 0): boolean {
    return this.#seen.slice(from).some(seen => seen.what === what && seen.event === event);
  }

  /** Waits until something has happened, since a moment if one is given. */
  async until(what: Happening['what'], event: Happening['event'], from = 0): Promise<void> {
    await this.#when(`${event} of ${what}`, () => this.has(what, event, from));
  }

  /** Waits until it is known whether it was let in. */
  async wasLetIn(): Promise<boolean> {
    const isKnown = () => this.has('websocket', 'open') || this.has('websocket', 'refused');
    await this.#when('answer to WebSocket', isKnown);
    return this.has('websocket', 'open');
  }

  async #when(what: string, isSo: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(patience);
    while (!isSo()) {
      await once(this.#lines, 'line', { signal }).catch(() => {
        throw new Error(`no ${what} in ${patience} ms, but ${JSON.stringify(this.#seen.slice(-5))}`);
      });
    }
  }

  /** Waits until each of these connections, never ended, has answered once more. */
  async goesOn(...which: readonly Happening['what'][]): Promise<void> {
    const from = this.#seen.length;
    for (const what of which) {
      await this.until(what, 'answer', from);
      assert.ok(!this.has(what, 'end'), `${what} has ended`);
    }
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

describe('a revoked client', () => {
  let place: Place;
  let up: RunningUp;
  let web: Held;
  let cart: Held;

  const put = async (file: string, text: string) => await writeFile(join(place.manifests, file), text);

  before(async () => {
    place = await Place.empty();
    await put('workloads.yaml', workloads);
    await put('routes.yaml', routes);
    await put('web.yaml', bytes('web') + requests('web', 'chat, watch'));
    await put('cart-bytes.yaml', bytes('cart'));
    await put('cart-requests.yaml', requests('cart', 'chat, watch'));
    up = new RunningUp(place);
    await up.until(/^Ready after/m);
    web = new Held(place, 'web');
    cart = new Held(place, 'cart');
    for (const held of [web, cart])
      for (const what of ['tcp', 'websocket', 'grpc'] as const) await held.until(what, 'open');
  });

  after(async () => {
    web.end();
    cart.end();
    if (up.child.exitCode === null) await up.end('SIGINT');
    await place.remove();
  });

  test('loses TCP alone: that connection ends, by the word of the destination', async () => {
    // Its own sidecar goes on reaching the Service: only the destination's can end it.
    await rm(join(place.manifests, 'cart-bytes.yaml'));
    await cart.until('tcp', 'end');
    await cart.goesOn('websocket', 'grpc');
    const { out } = await place.run(['exec', 'cart', '--', ...program, sayBytes, 'db.stock', '3306', 'x']);
    assert.equal((JSON.parse(out) as Heard).text, '', 'a new one is refused before the greeting');
    await web.goesOn('tcp', 'websocket', 'grpc');
  });

  test('loses one route: the WebSocket that came by it ends', async () => {
    await put('cart-requests.yaml', requests('cart', 'watch'));
    await cart.until('websocket', 'end');
    await web.goesOn('tcp', 'websocket', 'grpc');
  });

  test('loses all: so do gRPC streams', async () => {
    await rm(join(place.manifests, 'cart-requests.yaml'));
    await cart.until('grpc', 'end');
    await web.goesOn('tcp', 'websocket', 'grpc');
  });

  test('is let in again, which ends nobody’s either', async () => {
    await put('cart-bytes.yaml', bytes('cart') + requests('cart', 'chat, watch'));
    cart.end();
    cart = await reopened();
    await web.goesOn('tcp', 'websocket', 'grpc');
  });

  /** What opens first after the policy is there: until then it is refused. */
  async function reopened(): Promise<Held> {
    for (;;) {
      const held = new Held(place, 'cart');
      if (await held.wasLetIn()) return held;
      held.end();
    }
  }
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { ExpressLike, FastifyLike } from '../../../test/frameworks.ts';
import { type Route, standaloneConfig } from './config.ts';
import { Counters } from './counters.ts';
import { expressMiddleware, fastifyPlugin, type MiddlewareParts } from './middleware.ts';
import { Propagation } from './propagation.ts';
import { RouteTable } from './route-table.ts';

const route = (name: string, pathRegex: string, methods: string[] = []): Route => ({
  name,
  service: 'web',
  pathRegex,
  methods,
  timeout: undefined,
  retries: undefined,
  split: [],
});

function setUp(propagate: readonly string[] = []) {
  const table = new RouteTable({
    ...standaloneConfig,
    identity: 'spiffe://cluster.local/ns/shop/sa/web',
    routes: [route('buy', '/shop/buy', ['POST']), route('shop', '/shop/.*')],
  });
  const propagation = new Propagation(propagate);
  const counters = new Counters();
  const parts: MiddlewareParts = {
    propagation,
    counters,
    routeOf: (method, url) => table.find(method, url),
    serviceOf: found => table.serviceOf(found),
  };
  const inbound = (): string[] => counters.text().match(/(?<=direction="inbound",).*/g) ?? [];
  const told = (): string => JSON.stringify(Object.fromEntries(propagation.current?.headers ?? []));
  return { parts, inbound, told };
}

/** Asks a server for a target as it is written; gives the body of the answer. */
async function ask(server: Server, method: string, target: string, headers: OutgoingHttpHeaders = {}): Promise<string> {
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const call = httpRequest({ port, method, path: target, headers: { host: 'web:8080', ...headers }, agent: false });
  call.end(method === 'POST' ? 'a body' : undefined);
  const [answer] = await once(call, 'response');
  return await text(answer);
}

async function isCounted(rows: () => string[], count: number): Promise<void> {
  while (rows().length < count) await new Promise(setImmediate);
}

function stop(t: TestContext, server: Server): void {
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
}

test('Express: requests are tagged with their route, by the URL as it came', async t => {
  const { parts, inbound } = setUp();
  const app = new ExpressLike();
  app.use('/shop', expressMiddleware(parts, {}));
  app.use('/shop', (request, response) => response.send(`${request.mesh?.route?.name} ${request.url}`));
  const server = app.listen(0);
  stop(t, server);
  assert.equal(await ask(server, 'POST', '/shop/buy?book=1'), 'buy /buy?book=1');
  assert.equal(await ask(server, 'GET', '/shop/buy', { host: 'WEB.shop.svc.cluster.local' }), 'shop /buy');
  assert.equal(await ask(server, 'GET', '/shop/', { host: 'web.other' }), 'undefined /');
  await isCounted(inbound, 3);
  assert.deepEqual(inbound(), [
    'service="",route="",method="GET",code="200"} 1',
    'service="web.shop",route="buy",method="POST",code="200"} 1',
    'service="web.shop",route="shop",method="GET",code="200"} 1',
  ]);
});

test('Express: what serves a request passes its headers on', async t => {
  const { parts, told } = setUp(['x-canary']);
  const app = new ExpressLike();
  app.use(expressMiddleware(parts, {}));
  app.get('/headers', async (_request, response) => {
    await new Promise(setImmediate);
    response.send(told());
  });
  const server = app.listen(0);
  stop(t, server);
  const answers = await Promise.all(
    ['1', '2'].map(canary => ask(server, 'GET', '/headers', { 'x-canary': canary, b3: '0', cookie: 'a=b' })),
  );
  assert.deepEqual(answers, ['{"b3":"0","x-canary":"1"}', '{"b3":"0","x-canary":"2"}']);
});

test('a service of its own name stands above the Host header', async t => {
  const { parts } = setUp();
  const app = new ExpressLike();
  app.use(expressMiddleware(parts, { service: 'web.shop' }));
  app.use((request, response) => response.send(String(request.mesh?.route?.name)));
  const server = app.listen(0);
  stop(t, server);
  const outside = { host: 'shop.example.com:443' };
  assert.equal(await ask(server, 'GET', '/shop/list', outside), 'shop');
  assert.equal(await ask(server, 'GET', 'http://shop.example.com/shop/list', outside), 'shop');
});

test('targets of every form are tagged without harm', async t => {
  const { parts } = setUp();
  const app = new ExpressLike();
  app.use(expressMiddleware(parts, {}));
  app.use((request, response) => response.send(String(request.mesh?.route?.name)));
  const server = app.listen(0);
  stop(t, server);
  assert.equal(await ask(server, 'GET', 'http://web.shop/shop/list', { host: 'elsewhere' }), 'shop');
  assert.equal(await ask(server, 'OPTIONS', '*'), 'undefined');
  assert.equal(await ask(server, 'GET', '//web/shop/list'), 'undefined');
  assert.equal(await ask(server, 'GET', '//shop//list'), 'shop');
  assert.equal(await ask(server, 'GET', '/shop/list', { host: 'not a host' }), 'undefined');
});

test('a response that is cut short counts as aborted', async t => {
  const { parts, inbound } = setUp();
  const app = new ExpressLike();
  app.use(expressMiddleware(parts, {}));
  app.use((_request, response) => response.destroy());
  const server = app.listen(0);
  stop(t, server);
  await assert.rejects(ask(server, 'GET', '/shop/list'));
  await isCounted(inbound, 1);
  assert.deepEqual(inbound(), ['service="web.shop",route="shop",method="GET",code="aborted"} 1']);
});

test('Fastify: the same, and the body that is read between its hooks loses nothing', async t => {
  const { parts, inbound, told } = setUp(['x-canary']);
  const app = new FastifyLike();
  await app.register(fastifyPlugin(parts, {}));
  const handler: Parameters<FastifyLike['post']>[1] = async ({ mesh, body }) =>
    `${mesh?.route?.name} ${body} ${told()}`;
  app.post('/shop/buy', handler);
  const server = await app.listen({ port: 0 });
  stop(t, server);
  assert.deepEqual(app.decorated, ['mesh']);
  assert.equal(await ask(server, 'POST', '/shop/buy', { 'x-canary': '1' }), 'buy a body {"x-canary":"1"}');
  await isCounted(inbound, 1);
  assert.deepEqual(inbound(), ['service="web.shop",route="buy",method="POST",code="200"} 1']);
});

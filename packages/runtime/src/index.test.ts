// The whole package against a real server of HTTP and a real file.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { openRuntime } from './index.ts';

type Serve = (...exchange: Parameters<RequestListener>) => unknown;

async function setUp(t: TestContext, serve: Serve, settings = '') {
  const server = createServer((request, response) => void serve(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-runtime-'));
  const file = path.join(folder, 'config.yaml');
  writeFileSync(
    file,
    `version: 1
identity: spiffe://cluster.local/ns/shop/sa/web
mode: {mtls: strict, policy: enforce}
routes:
  - name: all
    service: 127.0.0.1
    retries: {attempts: 3, retryOn: [503, reset, connect-failure]}
    ${settings}
`,
  );
  const runtime = await openRuntime({ path: file });
  t.after(async () => {
    await runtime.close();
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { runtime, server, url: `http://127.0.0.1:${port}/` };
}

const answerOnlyBegins: RequestListener = (request, response) => {
  if (request.url === '/body') response.write('the beginning');
};

test('answers and broken connections are repeated, the body as it was', async t => {
  const seen: string[] = [];
  const { runtime, url } = await setUp(t, async (request, response) => {
    seen.push(`${request.method} ${await text(request)}`);
    if (seen.length === 1) response.writeHead(503).end('not now');
    else if (seen.length === 2) request.socket.destroy();
    else response.end('done');
  });
  const response = await runtime.fetch(url, { method: 'PUT', body: 'a body' });
  assert.deepEqual([response.status, response.url, await response.text()], [200, url, 'done']);
  assert.deepEqual(seen, ['PUT a body', 'PUT a body', 'PUT a body']);
  const metrics = runtime.metrics();
  assert.match(metrics, /retries_total\{service="127\.0\.0\.1",route="all",reason="503"\} 1\n/);
  assert.match(metrics, /retries_total\{service="127\.0\.0\.1",route="all",reason="reset"\} 1\n/);
});

test('nobody there', async t => {
  const { runtime, server, url } = await setUp(t, () => {});
  await new Promise(done => server.close(done));
  await assert.rejects(runtime.fetch(url), TypeError);
  assert.match(runtime.metrics(), /reason="connect-failure"\} 3\n/);
  assert.match(runtime.metrics(), /requests_total\{direction="outbound",.*code="connect-failure"\} 1\n/);
  await assert.rejects(runtime.fetch('/relative'), TypeError);
});

test('a POST and a stream are sent once', async t => {
  let calls = 0;
  const { runtime, url } = await setUp(t, (request, response) => {
    calls++;
    request.resume().on('end', () => response.writeHead(503).end());
  });
  assert.equal((await runtime.fetch(url, { method: 'POST', body: 'text' })).status, 503);
  const body = new Blob(['text']).stream();
  assert.equal((await runtime.fetch(url, { method: 'PUT', body, duplex: 'half' })).status, 503);
  assert.equal(calls, 2);
});

test('the timeout of the route ends a silent server and a body that does not end', async t => {
  const { runtime, url } = await setUp(t, answerOnlyBegins, 'timeout: 200ms');
  await assert.rejects(runtime.fetch(url), { name: 'TimeoutError' });
  assert.match(runtime.metrics(), /code="timeout"\} 1\n/);
  // Headers may come in time or not, on a machine under load; the body does not end either way.
  await assert.rejects(async () => await (await runtime.fetch(`${url}body`)).text(), { name: 'TimeoutError' });
});

test('the caller’s signal ends a request and a body', async t => {
  const { runtime, url } = await setUp(t, (request, response) => {
    if (request.url === '/body') response.write('the beginning');
    else abort.abort();
  });
  const abort = new AbortController();
  await assert.rejects(runtime.fetch(url, { signal: abort.signal }), { name: 'AbortError' });
  const later = new AbortController();
  const response = await runtime.fetch(`${url}body`, { signal: later.signal });
  later.abort();
  await assert.rejects(response.text(), { name: 'AbortError' });
});

test('what is served passes its headers on', async t => {
  const { runtime, url } = await setUp(t, (request, response) => response.end(String(request.headers['x-request-id'])));
  const request = { method: 'GET', url: '/', headers: { host: '127.0.0.1', 'x-request-id': '7' } };
  const [route, sent, answer] = await runtime.serve(request, async () => {
    const answer = await (await runtime.fetch(url)).text();
    return [runtime.servedRoute?.name, runtime.propagatedHeaders, answer] as const;
  });
  assert.deepEqual([route, sent, answer], ['all', { 'x-request-id': '7' }, '7']);
  assert.equal(await (await runtime.fetch(url)).text(), 'undefined');
});

// The examples of README.md, run as they stand there: with the file that it shows, and small likenesses of the frameworks.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { listening } from '../../../test/frameworks.ts';

const page = readFileSync(path.join(import.meta.dirname, '..', 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(/```(\w+)\n(.*?)```/gs)].flatMap(([, found, content = '']) => (found === language ? content : []));

const [config = ''] = blocks('yaml');
const [start = '', changes = '', express = '', fastify = ''] = blocks('ts');

const fileUrl = (...parts: string[]): string => pathToFileURL(path.join(import.meta.dirname, ...parts)).href;
const frameworks = fileUrl('..', '..', '..', 'test', 'frameworks.ts');

async function run(t: TestContext, example: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'heddle-readme-'));
  const file = path.join(folder, 'config.yaml');
  writeFileSync(file, config);
  for (const [name, like] of [
    ['express', 'ExpressLike'],
    ['fastify', 'FastifyLike'],
  ] as const)
    writeFileSync(
      path.join(folder, `${name}.ts`),
      `import { ${like} } from '${frameworks}';\nexport default () => new ${like}();\n`,
    );
  const seen: IncomingHttpHeaders[] = [];
  const reviews = createServer((request, response) => {
    seen.push(request.headers);
    response.end('a review');
  }).listen(0, '127.0.0.1');
  await once(reviews, 'listening');
  const address = `http://127.0.0.1:${(reviews.address() as AddressInfo).port}`;
  const { fetch } = globalThis;
  t.mock.method(globalThis, 'fetch', (url: string, init?: RequestInit) =>
    fetch(url.replace('http://reviews.shop:9080', address), init),
  );
  const printed: unknown[] = [];
  t.mock.method(console, 'log', (line: unknown) => printed.push(line));
  const atEnd: (() => unknown)[] = [];
  t.mock.method(process, 'once', (_signal: string, listener: () => unknown) => atEnd.push(listener));
  const before = process.env['SMI_CONFIG_PATH'];
  process.env['SMI_CONFIG_PATH'] = file;
  const code = example
    .replaceAll("'@heddle/runtime'", `'${fileUrl('index.ts')}'`)
    .replace(/from '(express|fastify)'/, "from './$1.ts'");
  writeFileSync(path.join(folder, 'example.ts'), code);
  t.after(async () => {
    process.env['SMI_CONFIG_PATH'] = before;
    if (before === undefined) delete process.env['SMI_CONFIG_PATH'];
    await Promise.all(atEnd.map(end => end()));
    reviews.closeAllConnections();
    reviews.close();
    rmSync(folder, { recursive: true });
  });
  await import(pathToFileURL(path.join(folder, 'example.ts')).href);
  return { file, printed, seen };
}

test('the first example prints what it says', async t => {
  const { printed } = await run(t, start);
  const expected = [...start.matchAll(/\/\/ → (.*)/g)].map(([, line]) => line);
  assert.ok(expected.length > 0);
  assert.deepEqual(printed.map(String), expected);
});

test('changes and errors are told', async t => {
  const { file, printed } = await run(t, changes);
  const told = async (count: number): Promise<void> => {
    while (printed.length < count) await new Promise(setImmediate);
  };
  writeFileSync(file, config.replace('timeout: 2s', 'timeout: 3s'));
  await told(1);
  writeFileSync(file, config.replace('strict', 'loose'));
  await told(2);
  assert.deepEqual(printed, [
    'timeout: 2000 → 3000 ms',
    [{ field: 'mode.mtls', message: 'must be strict or permissive, not "loose"' }],
  ]);
});

for (const [name, example] of [
  ['Express', express],
  ['Fastify', fastify],
] as const) {
  test(`${name}: requests are tagged and headers propagated`, async t => {
    const { seen } = await run(t, example);
    const server = listening.at(-1);
    assert.ok(server !== undefined);
    if (!server.listening) await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = async (method: string, target: string): Promise<string> => {
      const headers = { host: 'web', 'x-canary': 'yes', b3: '0', authorization: 'secret' };
      const call = httpRequest({ port, method, path: target, headers, agent: false }).end();
      const [answer] = await once(call, 'response');
      return await text(answer);
    };
    assert.equal(await ask('POST', '/buy'), 'buy: a review');
    const [{ 'x-canary': canary, b3, authorization } = {}] = seen;
    assert.deepEqual([canary, b3, authorization], ['yes', '0', undefined]);
    if (name === 'Express')
      assert.match(await ask('GET', '/metrics'), /direction="inbound",service="web.shop",route="buy"/);
  });
}

test('the page names every metric', async () => {
  const { Counters } = await import('./counters.ts');
  const names = [...new Counters().text().matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  for (const [, name, type] of names) assert.ok(page.includes(`| \`${name}\` | ${type} |`), name);
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { cachedEnvoyPath, EnvoyNotFoundError, findEnvoy } from './envoy-binary.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hl-'));
});
after(() => rm(directory, { recursive: true }));

async function program(path: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, '#!/bin/sh\n', { mode: 0o755 });
  return path;
}

test('where there is no Envoy the message says where it was looked for and how to get it', async () => {
  const lookup = { path: join(directory, 'none'), cacheDirectory: join(directory, 'empty') };
  await assert.rejects(findEnvoy(lookup), (error: Error) => {
    assert.ok(error instanceof EnvoyNotFoundError);
    return error.message.includes(cachedEnvoyPath(lookup.cacheDirectory)) && error.message.includes('scripts/setup');
  });
});

test('the setting comes first, then the cache, then PATH', async () => {
  const onPath = await program(join(directory, 'bin', 'envoy'));
  const lookup = { path: `/nowhere:${join(directory, 'bin')}`, cacheDirectory: join(directory, 'cache') };
  assert.equal(await findEnvoy(lookup), onPath);
  const cached = await program(cachedEnvoyPath(lookup.cacheDirectory));
  assert.equal(await findEnvoy(lookup), cached);
  const set = await program(join(directory, 'mine'));
  assert.equal(await findEnvoy({ ...lookup, setting: set }), set);
});

test('a setting that leads nowhere is not passed over', async () => {
  await program(cachedEnvoyPath(directory));
  await assert.rejects(findEnvoy({ setting: '/nowhere/envoy', cacheDirectory: directory }), /\/nowhere\/envoy/);
});

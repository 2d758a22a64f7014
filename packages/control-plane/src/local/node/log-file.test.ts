import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { LogFile, logPath, sidecarLogPath } from './log-file.ts';

test('a log is bounded: the older half is kept beside it, what is older still is dropped', async () => {
  const run = await mkdtemp(join(tmpdir(), 'hl-'));
  const path = logPath(run, { namespace: 'shop', name: 'web-0' }, 'app');
  const log = new LogFile(path, 10);
  for (const line of ['first\n', 'second\n', 'third\n', 'l\n']) log.write(Buffer.from(line));
  log.close();
  assert.deepEqual(await readdir(dirname(path)), ['app.log', 'app.log.1']);
  assert.equal(await readFile(path, 'utf8'), 'third\nl\n');
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'second\n');
  await rm(run, { recursive: true });
});

test('a container that is called like the sidecar has a log of its own', () => {
  const pod = { namespace: 'shop', name: 'web-0' };
  for (const name of ['sidecar', 'envoy', 'sidecar-envoy']) {
    assert.notEqual(logPath('/run', pod, name), sidecarLogPath('/run', pod));
  }
  assert.equal(dirname(logPath('/run', pod, 'app')), dirname(sidecarLogPath('/run', pod)));
});

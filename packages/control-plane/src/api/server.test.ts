import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ControllerUnreachable, readStatus, watchStatus } from './client.ts';
import type { MeshStatus } from './mesh-status.ts';
import { serveStatus } from './server.ts';

test('ends with its signal, also when that was aborted before it listened', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-api-'));
  const path = join(directory, 'controller.sock');
  const nothing = { status: () => undefined, onChange: () => () => {} };
  const end = new AbortController();
  await serveStatus(path, nothing, end.signal);
  await assert.rejects(readStatus(path), /has not finished its first pass/);
  end.abort();
  await assert.rejects(readStatus(path), ControllerUnreachable);
  await serveStatus(path, nothing, end.signal);
  await assert.rejects(readStatus(path), /can't be reached/);
  await rm(directory, { recursive: true });
});

test('a watcher that has seen enough is not disturbed by the end', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-api-'));
  const path = join(directory, 'controller.sock');
  const status = { revision: 1 } as MeshStatus;
  const end = new AbortController();
  await serveStatus(path, { status: () => status, onChange: () => () => {} }, end.signal);
  for await (const seen of watchStatus(path, new AbortController().signal)) {
    assert.deepEqual(seen, status);
    break;
  }
  end.abort();
  await assert.rejects(readStatus(path), ControllerUnreachable);
  await rm(directory, { recursive: true });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { examplesIn } from './examples.ts';

const node = [
  '--conditions=source',
  '--disable-warning=ExperimentalWarning',
  '--input-type=module-typescript',
  '--eval',
];

for (const { code, output, place } of examplesIn('packages/smi/README.md', 'docs/guides/sdk.md')) {
  test(`the example at ${place} writes what it says`, () => {
    const options = { cwd: path.dirname(import.meta.dirname), encoding: 'utf8' } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [...node, code], options);
    assert.deepEqual([status, stdout], [0, output], stderr);
  });
}

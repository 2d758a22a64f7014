import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireTools, toolPath } from './tools.ts';

test('directories of system programs are added where a path lacks them', () => {
  assert.equal(toolPath('/opt/bin:/usr/bin'), '/opt/bin:/usr/bin:/usr/local/sbin:/usr/sbin:/sbin:/bin');
  assert.equal(toolPath(undefined), '/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin');
});

test('what is missing is named, with the package that has it', async () => {
  await assert.rejects(requireTools('linux', '/nowhere'), /unshare is missing: install util-linux/);
  await assert.rejects(requireTools('darwin', '/nowhere'), /needs Linux network namespaces; this is darwin/);
});

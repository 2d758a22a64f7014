/** What is made from the schemas of the SMI kinds is checked in; it must be what they make now. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { generatedFiles } from '../scripts/generated-files.ts';

const root = path.dirname(import.meta.dirname);
const hint = 'out of date: run `node --conditions=source scripts/generate.ts`';

for (const { folder, files } of generatedFiles()) {
  test(`${folder} is what the schemas make`, () => {
    const entries = readdirSync(path.join(root, folder), { withFileTypes: true }).filter(entry => entry.isFile());
    assert.deepEqual(entries.map(({ name }) => name).toSorted(), [...files.keys()].toSorted(), hint);
    for (const [name, text] of files)
      assert.equal(readFileSync(path.join(root, folder, name), 'utf8'), text, `${name} is ${hint}`);
  });
}

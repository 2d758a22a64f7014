import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { referencePages } from './reference.ts';

const folder = path.join(import.meta.dirname, '../../../../../docs/reference');

for (const [name, text] of referencePages()) {
  test(`docs/reference/${name} says what the code does`, () => {
    assert.equal(
      readFileSync(path.join(folder, name), 'utf8'),
      text,
      'out of date: run `node --conditions=source scripts/docs.ts`',
    );
  });
}

// Writes the pages of docs/reference that are made from the code: the command line, settings, findings, metrics, and from
// scenarios: what other meshes keep.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { referencePages } from '../packages/control-plane/src/cli/reference/reference.ts';
import { matrixPage } from '../test/translations/matrix.ts';

const folder = path.join(import.meta.dirname, '..', 'docs', 'reference');
mkdirSync(folder, { recursive: true });
for (const [name, text] of referencePages()) writeFileSync(path.join(folder, name), text);
writeFileSync(path.join(folder, 'translations.md'), matrixPage());

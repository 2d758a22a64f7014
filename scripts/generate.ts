// Writes what is made from the schemas of the SMI kinds: the types in packages/smi/src/types, the
// CustomResourceDefinitions in deploy/crds. `test/generated.test.ts` fails where they are out of date.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedFiles } from './generated-files.ts';

const root = path.dirname(import.meta.dirname);

for (const { folder, files } of generatedFiles()) {
  mkdirSync(path.join(root, folder), { recursive: true });
  for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
    if (entry.isFile() && !files.has(entry.name)) rmSync(path.join(root, folder, entry.name));
  }
  for (const [name, text] of files) writeFileSync(path.join(root, folder, name), text);
}

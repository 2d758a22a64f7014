import { stringify } from 'yaml';
import { crds } from '../packages/smi/src/crd/crds.ts';
import { chartFolders } from './helm/chart.ts';
import { typeFiles } from './typescript-types.ts';

/** A folder of which every file is generated; folders in it are others. */
export interface GeneratedFolder {
  readonly folder: string;
  readonly files: ReadonlyMap<string, string>;
}

/** Everything that is made from the schemas of the SMI kinds, and from what an installation consists of. */
export function generatedFiles(): readonly GeneratedFolder[] {
  return [
    { folder: 'packages/smi/src/types', files: typeFiles() },
    { folder: 'deploy/crds', files: crdFiles() },
    ...chartFolders(),
  ];
}

const head = `# Written by scripts/generate.ts from packages/smi/src/schema; do not edit. Versions whose fields differ from those of
# v1alpha4 need a conversion webhook, and are served once there is one: crds({ conversion }) of @heddle/smi adds it.
`;

function crdFiles(): ReadonlyMap<string, string> {
  return new Map(
    crds().map(crd => [
      `${crd.metadata.name}.yaml`,
      `${head}${stringify(crd, { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' })}`,
    ]),
  );
}

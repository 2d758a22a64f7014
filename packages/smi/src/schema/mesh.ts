import type { KindSchema } from './kind-schema.ts';
import { meshConfigFields, meshConfigSections } from './mesh-config-fields.ts';
import { type Fields, optional, record } from './schema.ts';

/** The fields of `spec` as a schema: all of them may be absent. */
function specFields(): Fields {
  const top = meshConfigFields.filter(({ path }) => path.length === 1);
  const sections = Object.entries(meshConfigSections).map(([section, { name, description }]) => {
    const fields = meshConfigFields.filter(({ path }) => path.length === 2 && path[0] === section);
    const own = fields.map(({ path, schema }) => [path.at(-1) ?? '', optional(schema)] as const);
    return [section, optional(record(name, description, Object.fromEntries(own)))] as const;
  });
  return Object.fromEntries([...top.map(({ path: [name], schema }) => [name, optional(schema)] as const), ...sections]);
}

/** The kinds of `heddle.dev` that people write. */
export const meshKinds: readonly KindSchema[] = [
  {
    group: 'heddle.dev',
    kind: 'MeshConfig',
    plural: 'meshconfigs',
    shortNames: [],
    scope: 'Cluster',
    stored: 'v1alpha1',
    versions: [
      {
        version: 'v1alpha1',
        description:
          'How the mesh as a whole behaves. There is one, named `mesh`; what it does not say has its default.',
        fields: { spec: optional(record('MeshConfigSpec', 'What differs from the defaults.', specFields())) },
      },
    ],
  },
];

import { type MeshConfigField, meshConfigFields, meshConfigSections } from '@heddle/smi';
import { code, joined, page, table } from './page.ts';

/** The page about MeshConfig, made from the table of its fields. */
export function meshConfigPage(): string {
  const top = meshConfigFields.filter(({ path }) => path.length === 1);
  return page('MeshConfig', [
    'How the mesh as a whole behaves: one object, `heddle.dev/v1alpha1`, named `mesh`, without a namespace; the same in a folder of ' +
      'manifests and on Kubernetes. What it does not say has its default, and so has everything where there is none. A second one, ' +
      'under another name, is refused; one with a mistake leaves the last good one in force.',
    `\`\`\`yaml\n${example}\n\`\`\``,
    'What is marked `live` is in force as soon as it is saved, and no connection is closed for it. What is marked `restart` counts from the ' +
      'next start of the mesh; a finding (`TakesEffectAtRestart`) says so until then. An annotation overrides a field for all ' +
      'pods of a Namespace, or, on a pod or the template of its pods, for that workload: the nearest counts. A default ' +
      'with a setting beside it is what [the configuration of the program](config.md) says.',
    '## spec',
    fieldTable(top),
    ...Object.entries(meshConfigSections).map(([section, { description }]) =>
      joined([
        `## spec.${section}`,
        description,
        fieldTable(meshConfigFields.filter(({ path }) => path.length === 2 && path[0] === section)),
      ]),
    ),
  ]);
}

const example = `apiVersion: heddle.dev/v1alpha1
kind: MeshConfig
metadata:
  name: mesh
spec:
  policy: audit
  certificates:
    lifetime: 12h
  accessLog:
    mode: denied`;

function fieldTable(fields: readonly MeshConfigField[]): string {
  return table(
    ['field', 'value', 'default', 'in force', 'annotation', 'meaning'],
    fields.map(({ path, schema, default: byDefault, setting, effect, annotation }) => [
      code(path.at(-1) ?? ''),
      valueOf(schema),
      `${code(String(byDefault))}${setting === undefined ? '' : `, or the setting ${code(setting)}`}`,
      effect,
      annotation === undefined ? '' : code(annotation),
      schema.description,
    ]),
  );
}

function valueOf(schema: MeshConfigField['schema']): string {
  switch (schema.type) {
    case 'choice':
      return schema.choices.map(code).join(', ');
    case 'duration':
      return `a time from ${code(schema.minimum)} to ${code(schema.maximum)}`;
    case 'whole':
      return `${schema.minimum ?? 0} to ${schema.maximum}`;
    case 'text':
      return schema.said ?? 'text';
    default:
      return schema satisfies never;
  }
}

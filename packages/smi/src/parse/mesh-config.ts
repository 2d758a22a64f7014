import type { KubeObject } from '../object.ts';
import { type MeshConfigField, meshConfigFields, meshConfigSections } from '../schema/mesh-config-fields.ts';
import type { MeshConfig } from '../types/heddle-v1alpha1.ts';
import { readDuration } from './duration.ts';
import type { Reader } from './reader.ts';

/** The one name that a MeshConfig can have. */
const meshConfigName = 'mesh';

/**
 * Reads a MeshConfig. A field that can't be read is left out, and so has its default; the modes of policy have the closed
 * value then.
 */
export function parseMeshConfig(root: Reader, object: KubeObject): MeshConfig | undefined {
  if (object.metadata.name !== meshConfigName) {
    const message = `The mesh has one MeshConfig, named ${meshConfigName}; this one has no effect. Rename it or delete it.`;
    return root.field('metadata').field('name').report('InvalidField', message);
  }
  const spec = root.field('spec');
  if (spec.present && !spec.isObject()) return undefined;
  const top = meshConfigFields.flatMap(({ path }) => (path.length === 1 ? path : []));
  spec.knows([...top, ...Object.keys(meshConfigSections)]);
  const values = readFields(spec, top);
  for (const name of Object.keys(meshConfigSections)) {
    const section = spec.field(name);
    if (!section.present || !section.isObject()) continue;
    const fields = meshConfigFields.flatMap(({ path }) => (path.length === 2 && path[0] === name ? [path[1]] : []));
    section.knows(fields);
    values[name] = readFields(section, fields, name);
  }
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'MeshConfig',
    metadata: object.metadata,
    // The table says what each field is; the type is made from it.
    spec: values,
  };
}

function readFields(parent: Reader, names: readonly string[], section?: string): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const path = section === undefined ? name : `${section}.${name}`;
    const field = meshConfigFields.find(candidate => candidate.path.join('.') === path);
    const reader = parent.field(name);
    if (field === undefined || !reader.present) continue;
    const value = readField(reader, field);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function readField(reader: Reader, { schema, path, inDoubt }: MeshConfigField): string | number | undefined {
  const name = path.join('.');
  const wrong = wrongWith(reader.value, schema);
  if (wrong === undefined) return reader.value as string | number;
  reader.report('InvalidField', `${name} must be ${wrong}, not ${JSON.stringify(reader.value)}.`);
  return inDoubt;
}

/** What a value should be; `undefined` where it is that. */
function wrongWith(value: unknown, schema: MeshConfigField['schema']): string | undefined {
  switch (schema.type) {
    case 'choice': {
      const [last = '', ...rest] = schema.choices.toReversed();
      const isOne = typeof value === 'string' && schema.choices.includes(value);
      return isOne ? undefined : `${rest.toReversed().join(', ')} or ${last}`;
    }
    case 'text': {
      const { pattern = '', maxLength = Number.POSITIVE_INFINITY, said = 'text' } = schema;
      const fits = typeof value === 'string' && value.length <= maxLength && new RegExp(pattern).test(value);
      return fits ? undefined : said;
    }
    case 'whole': {
      const { minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = schema;
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;
      return fits ? undefined : `a whole number from ${minimum} to ${maximum}`;
    }
    case 'duration': {
      const [least, most] = [schema.minimum, schema.maximum].map(bound => readDuration(bound, Infinity) ?? 0);
      const read = typeof value === 'string' ? readDuration(value, most) : undefined;
      const fits = read !== undefined && read >= (least ?? 0);
      return fits ? undefined : `a time from ${schema.minimum} to ${schema.maximum}, like 90s, 1m30s or 12h`;
    }
    default:
      return schema satisfies never;
  }
}

import type { KindSchema } from '../packages/smi/src/schema/kind-schema.ts';
import { kindSchemas } from '../packages/smi/src/schema/kind-schemas.ts';
import type { Fields, RecordSchema, Schema } from '../packages/smi/src/schema/schema.ts';

/** The types of every group and version, by file name below `packages/smi/src/types`, made from the schemas. */
export function typeFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const groups = new Set(kindSchemas.map(({ group }) => group));
  for (const group of groups) {
    const kinds = kindSchemas.filter(kind => kind.group === group);
    const versions = new Set(kinds.flatMap(kind => kind.versions.map(({ version }) => version)));
    for (const version of versions) {
      files.set(`${group.replace(/\..*/, '')}-${version}.ts`, typeFile(`${group}/${version}`, kinds));
    }
  }
  return files;
}

function typeFile(apiVersion: string, kinds: readonly KindSchema[]): string {
  const interfaces = new Map<string, string>();
  for (const { kind, versions, stored } of kinds) {
    const schema = versions.find(({ version }) => apiVersion.endsWith(`/${version}`));
    if (schema === undefined) continue;
    const head = [
      `  readonly apiVersion: '${apiVersion}';`,
      `  readonly kind: '${kind}';`,
      '  readonly metadata: ObjectMeta;',
    ];
    const tail = stored !== undefined ? ['  readonly status?: ObjectStatus;'] : [];
    const lines = [...head, ...fieldLines(schema.fields), ...tail];
    interfaces.set(
      kind,
      `${comment(schema.description, '')}export interface ${kind} extends KubeObject {\n${lines.join('\n')}\n}\n`,
    );
    for (const record of recordsIn(schema.fields))
      if (!interfaces.has(record.name)) interfaces.set(record.name, interfaceOf(record));
  }
  const text = [...interfaces.values()].join('\n');
  const names = ['KubeObject', 'ObjectMeta', 'ObjectReference', 'ObjectStatus'].filter(name =>
    new RegExp(`\\b${name}\\b`).test(text),
  );
  return `// Written by scripts/generate.ts from packages/smi/src/schema; do not edit.\nimport type { ${names.join(', ')} } from '../object.ts';\n\n${text}`;
}

function recordsIn(fields: Fields): RecordSchema[] {
  return Object.values(fields).flatMap(recordsOf);
}

function recordsOf(schema: Schema): RecordSchema[] {
  switch (schema.type) {
    case 'record':
      return [schema, ...recordsIn(schema.fields)];
    case 'list':
      return recordsOf(schema.items);
    case 'map':
      return recordsOf(schema.values);
    default:
      return [];
  }
}

function interfaceOf({ name, description, fields }: RecordSchema): string {
  return `${comment(description, '')}export interface ${name} {\n${fieldLines(fields).join('\n')}\n}\n`;
}

function fieldLines(fields: Fields): string[] {
  return Object.entries(fields).map(([name, schema]) => {
    const type = `${typeOf(schema)}${schema.nullable === true ? ' | null' : ''}`;
    return `${comment(schema.description, '  ')}  readonly ${name}${schema.optional === true ? '?' : ''}: ${type};`;
  });
}

function typeOf(schema: Schema): string {
  switch (schema.type) {
    case 'text':
    case 'duration':
      return 'string';
    case 'choice':
      return schema.choices.map(value => `'${value}'`).join(' | ');
    case 'whole':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'list':
      return `readonly ${typeOf(schema.items)}[]`;
    case 'map':
      return `Readonly<Record<string, ${typeOf(schema.values)}>>`;
    case 'record':
      return schema.name;
    case 'either':
      return schema.typescript;
    case 'reference':
      return 'ObjectReference';
    default:
      return schema satisfies never;
  }
}

/** A docstring of at most 120 columns. */
function comment(text: string, indent: string): string {
  if (`${indent}/** ${text} */`.length <= 120) return `${indent}/** ${text} */\n`;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || `${indent} * ${last} ${word}`.length > 120) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return `${indent}/**\n${lines.map(line => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

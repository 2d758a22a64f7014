// The Helm chart, made from what `heddle install` applies: the same objects, with placeholders for what a values file settles.
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { objectYaml } from '../../packages/control-plane/src/cli/output/object-yaml.ts';
import { type InstalledObject, installation } from '../../packages/control-plane/src/install/installation.ts';
import { expressionIn, Placeholder } from '../../packages/control-plane/src/install/placeholder.ts';
import { type ValueDefinition, valueTable } from '../../packages/control-plane/src/install/value-table.ts';
import { defaultValues, type Values } from '../../packages/control-plane/src/install/values.ts';
import type { KubeObject } from '../../packages/smi/src/object.ts';
import type { GeneratedFolder } from '../generated-files.ts';

const folder = 'deploy/helm/heddle';
const head = '# Written by scripts/generate.ts from packages/control-plane/src/install; do not edit.\n';

/** The files of the chart. */
export function chartFolders(): readonly GeneratedFolder[] {
  const objects = chartObjects();
  return [
    {
      folder,
      files: new Map([
        ['Chart.yaml', chartYaml()],
        ['values.yaml', valuesYaml()],
        ['values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
      ]),
    },
    {
      folder: `${folder}/templates`,
      files: new Map([
        ['_values.tpl', valuesTemplate()],
        ...objects
          .filter(object => !isConfigDefinition(object))
          .map(object => [fileName(object), template(object)] as const),
      ]),
    },
    {
      // Helm must know the kind before it takes an object of it.
      folder: `${folder}/crds`,
      files: new Map(
        objects
          .filter(isConfigDefinition)
          .map(({ object }) => [`${object.metadata.name}.yaml`, `${head}${objectYaml(withoutLabels(object))}`]),
      ),
    },
  ];
}

function isConfigDefinition({ object }: InstalledObject): boolean {
  return object.metadata.name === 'meshconfigs.heddle.dev';
}

function version(): string {
  const manifest = readFileSync(new URL('../../packages/control-plane/package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function chartYaml(): string {
  return `${head}${stringify({
    apiVersion: 'v2',
    name: 'heddle',
    description: 'The Service Mesh Interface on Envoy: control plane, webhooks and definitions',
    type: 'application',
    version: version(),
    appVersion: version(),
    kubeVersion: '>=1.27.0-0',
    keywords: ['service mesh', 'smi', 'envoy'],
  })}`;
}

function text(expression: string): string {
  return new Placeholder(expression, 'text') as unknown as string;
}

/** Everything of an installation but the namespace, which is Helm's matter. */
function chartObjects(): readonly InstalledObject[] {
  const release = { namespace: text('.Release.Namespace'), version: text('.Chart.AppVersion') };
  const made = installation(placeholders(), release, {
    valuesJson: text('$values | toJson'),
    managedBy: text('.Release.Service'),
  });
  return made.filter(({ object }) => object.kind !== 'Namespace');
}

/** Values, each of which is yet to be told. */
function placeholders(): Values {
  const tree: Record<string, unknown> = {};
  for (const { path, schema } of valueTable) {
    const names = path.split('.');
    const last = names.pop() ?? '';
    const at = names.reduce((below, name) => (below[name] ??= {}) as Record<string, unknown>, tree);
    const kind = schema.type === 'string' ? 'text' : schema.type === 'object' ? 'map' : 'plain';
    const expression = `$values.${path}`;
    at[last] = schema.type === 'array' ? [new Placeholder(expression, 'list')] : new Placeholder(expression, kind);
  }
  return tree as unknown as Values;
}

function fileName({ object: { kind, metadata } }: InstalledObject): string {
  return `${kind.toLowerCase()}-${metadata.name}.yaml`;
}

function withoutLabels(object: KubeObject): KubeObject {
  return { ...object, metadata: { name: object.metadata.name } };
}

function template({ object, when }: InstalledObject): string {
  const isDefinition = object.kind === 'CustomResourceDefinition';
  // A definition takes every object of its kind with it.
  const annotations = isDefinition ? { annotations: { 'helm.sh/resource-policy': 'keep' } } : {};
  const plain = JSON.parse(
    JSON.stringify({ ...object, metadata: { ...object.metadata, ...annotations } }),
  ) as KubeObject;
  const body = objectYaml(plain).split('\n').map(templateLine).join('\n');
  const settled = '{{- $values := include "heddle.values" . | fromJson }}\n';
  return when === undefined
    ? `${head}${settled}${body}`
    : `${head}${settled}{{- if $values.${when} }}\n${body}{{- end }}\n`;
}

/** Marks of placeholders as expressions: lists and maps where they stand, texts in quotes unless within a longer one. */
function templateLine(line: string): string {
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const list = /^ *- HELM-list\(([\w-]*)\)$/.exec(line);
  if (list !== null) return `{{- with ${expressionIn(list[1] ?? '')} }}{{ toYaml . | nindent ${indent} }}{{- end }}`;
  const map = /^( *(?:- )?[\w.-]+:) HELM-map\(([\w-]*)\)$/.exec(line);
  if (map !== null)
    return `${map[1]} {{- toYaml (${expressionIn(map[2] ?? '')}) | nindent ${(map[1] ?? '').search(/[\w]/) + 2} }}`;
  return line
    .replaceAll(/HELM-text\(([\w-]*)\)/g, (_, mark: string) => `{{ ${expressionIn(mark)} | quote }}`)
    .replaceAll(/HELM(?:-plain)?\(([\w-]*)\)/g, (_, mark: string) => `{{ ${expressionIn(mark)} }}`);
}

/** Values as they are settled: those of Open Service Mesh, below its prefixes, in their places. */
function valuesTemplate(): string {
  const moved = valueTable.flatMap(({ path, formerly }) => (formerly === undefined ? [] : [{ path, formerly }]));
  const moves = moved.map(({ path, formerly }) => {
    const [section = '', name = ''] = formerly.split('.');
    return `{{- if hasKey (index $all "${section}" | default dict) "${name}" }}{{- $_ := set $all "${path}" (index $all "${section}" "${name}") }}{{- end }}`;
  });
  const sections = [...new Set(moved.map(({ formerly }) => `"${formerly.split('.')[0]}"`))].join(' ');
  return `{{/* Written by scripts/generate.ts; do not edit. The values, those of Open Service Mesh in their places. */}}
{{- define "heddle.values" -}}
{{- $all := omit (deepCopy .Values) "osm" "OpenServiceMesh" "global" }}
{{- range $prefix := list "osm" "OpenServiceMesh" }}
{{- with index $.Values $prefix }}{{- $all = mergeOverwrite $all (deepCopy .) }}{{- end }}
{{- end }}
${moves.join('\n')}
{{- omit $all ${sections} | toJson }}
{{- end }}
`;
}

function valuesYaml(): string {
  const defaults = defaultValues() as unknown as Record<string, unknown>;
  const sections = Object.entries(defaults).map(([name, value]) => {
    const own = valueTable.filter(({ path }) => path === name || path.startsWith(`${name}.`));
    const comments = own.map(({ path, meaning }) => `# ${path === name ? '' : `${path}: `}${meaning}`);
    return `${comments.join('\n')}\n${stringify({ [name]: value }, { lineWidth: 0 })}`;
  });
  return `${head}# Values of Open Service Mesh are understood below osm and OpenServiceMesh.\n\n${sections.join('\n')}`;
}

interface JsonSchema {
  [field: string]: unknown;
}

function valuesSchema(): JsonSchema {
  const root: JsonSchema & { properties: JsonSchema } = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    additionalProperties: false,
    properties: { global: { type: 'object' }, osm: { type: 'object' }, OpenServiceMesh: { type: 'object' } },
  };
  for (const definition of valueTable) put(root.properties, definition);
  return root;
}

function put(properties: JsonSchema, { path, schema, meaning, default: value }: ValueDefinition): void {
  const [name = '', inner] = path.split('.');
  const leaf = { description: meaning, default: value, ...schema };
  if (inner === undefined) {
    properties[name] = leaf;
    return;
  }
  const section = (properties[name] ??= { type: 'object', additionalProperties: false, properties: {} }) as {
    properties: JsonSchema;
  };
  section.properties[inner] = leaf;
}

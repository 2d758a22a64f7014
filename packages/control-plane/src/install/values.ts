/** The values of an installation: what people set in, all of them settled out, with everything that is wrong or worth a note. Pure. */
import { isRecord, type JsonRecord } from '../sources/record.ts';
import { type ValueDefinition, type ValueSchema, valueTable } from './value-table.ts';
import type { LabelSelector } from './webhook-configurations.ts';

type Quantities = Readonly<Partial<Record<'cpu' | 'memory', string>>>;

/** Every value, said. */
export interface Values {
  readonly meshName: string;
  readonly image: {
    readonly registry: string;
    readonly tag: string;
    readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  };
  readonly imagePullSecrets: readonly JsonRecord[];
  readonly replicaCount: number;
  readonly resources: { readonly requests?: Quantities; readonly limits?: Quantities };
  readonly verbosity: number;
  readonly enablePodDisruptionBudget: boolean;
  readonly networkPolicies: boolean;
  readonly trustDomain: string;
  readonly clusterDomain: string;
  readonly enablePermissiveTrafficPolicy: boolean;
  readonly enableEgress: boolean;
  readonly certificateProvider: { readonly serviceCertValidityDuration: string; readonly kind: 'heddle' | 'secret' };
  readonly sidecarImage: string;
  readonly initImage: string;
  readonly envoyLogLevel: 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';
  readonly sidecarResources: { readonly requests?: Quantities; readonly limits?: Quantities };
  readonly nativeSidecars: 'auto' | 'always' | 'never';
  readonly inboundPortExclusionList: readonly number[];
  readonly outboundPortExclusionList: readonly number[];
  readonly outboundIPRangeExclusionList: readonly string[];
  readonly ignoredNamespaces: readonly string[];
  readonly injector: { readonly failurePolicy: 'Fail' | 'Ignore'; readonly webhookTimeoutSeconds: number };
  readonly validator: {
    readonly failurePolicy: 'Fail' | 'Ignore';
    readonly webhookTimeoutSeconds: number;
    readonly namespaceSelector: LabelSelector;
  };
}

/** What was read. */
export interface ReadValues {
  readonly values: Values;
  /** What was understood in another way than it is written, a sentence each. */
  readonly notes: readonly string[];
  /** What can't be; nothing is to be installed then. */
  readonly problems: readonly string[];
}

/** Prefixes under which Open Service Mesh has its values. */
const formerPrefixes = ['osm', 'OpenServiceMesh'];

/** Values of Open Service Mesh without a counterpart: what they ask for there is, or is not, here anyway. */
const formerOnly =
  /^(deploy|enable(Debug|Fluentbit|Reconciler)|fluentBit|tracing|prometheus|grafana|vault|certmanager|contour|osmNamespace|osmBootstrap|feature|pspEnabled|maxDataPlane|configResync|localProxyMode|enforceSingleMesh|webhookConfigNamePrefix|preinstall|curlImage|controllerLogLevel|sidecarWindowsImage|networkInterface|outboundIPRangeInclusion|smi|controlPlaneTolerations|image\.(digest|name)|osmController|injector\.(resource|podLabels|autoScale|replicaCount|enablePod|nodeSelector|tolerations))/;

/** Reads values over the defaults; later layers count before earlier ones. */
export function readValues(layers: readonly JsonRecord[]): ReadValues {
  const notes = new Set<string>();
  const problems: string[] = [];
  const values = defaultTree();
  for (const layer of layers) {
    for (const [written, value] of leavesOf(withoutPrefixes(layer, notes))) {
      const definition = definitionOf(written, notes);
      if (definition !== undefined) {
        const problem = problemOf(definition.path, value, definition.schema);
        if (problem === undefined) setAt(values, definition.path, value);
        else problems.push(problem);
      } else if (formerOnly.test(written)) {
        notes.add(`${written} of Open Service Mesh has no counterpart here; it is passed over.`);
      } else {
        problems.push(`There is no value ${written}; docs/reference/values.md has all of them.`);
      }
    }
  }
  return { values: values as unknown as Values, notes: [...notes], problems };
}

/** The defaults as people write them, for the chart. */
export function defaultValues(): Values {
  return defaultTree() as unknown as Values;
}

/** `key.path=value` pairs, as `--set` takes them, as a layer; numbers and `true` are read as such. Throws `SyntaxError`. */
export function parseSet(pairs: readonly string[]): JsonRecord {
  const tree: Record<string, unknown> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new SyntaxError(`--set takes NAME=VALUE; "${pair}" is not.`);
    setAt(tree, pair.slice(0, at), valueOf(pair.slice(at + 1)));
  }
  return tree;
}

function valueOf(text: string): unknown {
  if (/^\{.*\}$/s.test(text)) {
    const inner = text.slice(1, -1).trim();
    return inner === '' ? [] : inner.split(',').map(item => valueOf(item.trim()));
  }
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
}

function withoutPrefixes(layer: JsonRecord, notes: Set<string>): JsonRecord {
  const parts = Object.entries(layer).map(([key, value]): JsonRecord => {
    if (!formerPrefixes.includes(key) || !isRecord(value)) return { [key]: value };
    notes.add(`Values below ${key}, as in Open Service Mesh, are read as they stand without it.`);
    return value;
  });
  return Object.assign({}, ...parts) as JsonRecord;
}

const opaque: ReadonlySet<string> = new Set(
  valueTable.flatMap(({ path, schema, formerly }) => (schema.type === 'object' ? [path, formerly ?? path] : [])),
);

/** What was written, by its path; a map that is a value itself is not gone into. */
function leavesOf(tree: JsonRecord, prefix = ''): readonly (readonly [string, unknown])[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    return isRecord(value) && !opaque.has(path) ? leavesOf(value, `${path}.`) : [[path, value] as const];
  });
}

function definitionOf(written: string, notes: Set<string>): ValueDefinition | undefined {
  const own = valueTable.find(({ path }) => path === written);
  if (own !== undefined) return own;
  const former = valueTable.find(({ formerly }) => formerly === written);
  if (former !== undefined) notes.add(`${written} of Open Service Mesh is read as ${former.path}.`);
  return former;
}

function problemOf(path: string, value: unknown, schema: ValueSchema): string | undefined {
  const { type, items, minimum = -Infinity, maximum = Infinity, pattern } = schema;
  if (type === 'array') {
    if (!Array.isArray(value)) return `${path} must be a list.`;
    return value.map((item: unknown, index) => items && problemOf(`${path}[${index}]`, item, items)).find(Boolean);
  }
  if (type === 'object') return isRecord(value) ? undefined : `${path} must be a map.`;
  if (type === 'integer') {
    const fits = Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum;
    return fits ? undefined : `${path} must be a whole number from ${minimum} to ${maximum}.`;
  }
  if (typeof value !== type) return `${path} must be a ${type}.`;
  if (schema.enum?.includes(String(value)) === false) return `${path} must be one of ${schema.enum.join(', ')}.`;
  if (pattern !== undefined && !new RegExp(pattern).test(String(value))) return `${path} must match ${pattern}.`;
  return undefined;
}

function defaultTree(): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const { path, default: value } of valueTable) setAt(tree, path, value);
  return tree;
}

function setAt(tree: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = tree;
  for (const name of names) {
    const below = Object.hasOwn(at, name) ? at[name] : undefined;
    const next: Record<string, unknown> = isRecord(below) ? below : {};
    at[name] = next;
    at = next;
  }
  at[last] = value;
}

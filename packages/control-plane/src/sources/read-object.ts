import { type FieldPath, type KubeObject, type ObjectMeta, type ObjectRef, refOf } from '@heddle/smi';
import { useOf } from './kinds.ts';
import { isRecord, type JsonRecord } from './record.ts';

/** An object of a document, and where in it it stands: empty, or a place in the `items` of a list. */
export interface ObjectEntry {
  readonly object: KubeObject;
  readonly path: FieldPath;
}

/** Why a document, or an item of a list, is not taken. */
export interface Refusal {
  readonly reason: 'NotAnObject' | 'InvalidField';
  readonly path: FieldPath;
  /** Known once it has a kind and a name. */
  readonly object?: ObjectRef;
  /** The field of the object that is wrong. */
  readonly field?: FieldPath;
  readonly message: string;
}

/** What a document holds. */
export interface DocumentContent {
  readonly entries: readonly ObjectEntry[];
  readonly refusals: readonly Refusal[];
}

/**
 * Takes the objects out of a document: one, or those of a `List` (also of a typed one such as `PodList`, whose items
 * need not say their kind). An empty document holds none. Of the metadata, what the API server checks for every kind is
 * checked; a missing namespace becomes `default`, nulls count as absent, and `managedFields` are dropped.
 */
export function readObjects(document: unknown): DocumentContent {
  const entries: ObjectEntry[] = [];
  const refusals: Refusal[] = [];
  if (document !== null && document !== undefined) readValue({ value: document, path: [] }, { entries, refusals });
  return { entries, refusals };
}

interface Item {
  readonly value: unknown;
  readonly path: FieldPath;
  /** What an item of a typed list need not say. */
  readonly implied?: { readonly apiVersion: unknown; readonly kind: string };
}

interface Content {
  readonly entries: ObjectEntry[];
  readonly refusals: Refusal[];
}

const subdomain = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
// What every kind's name is held to: it is a segment of a path.
const segment = /^(?!\.{1,2}$)[^/%\s\p{Cc}\p{Cs}]+$/u;
// Looser than the API server, which knows its kinds; a group and a version, or a version alone.
const word = /^[!-~]+$/;

function readValue(item: Item, content: Content): void {
  const { value, path, implied } = item;
  if (!isRecord(value)) {
    const what = Array.isArray(value)
      ? 'a list'
      : `the ${value === null ? 'value null' : typeof value} ${shorten(value)}`;
    content.refusals.push({
      reason: 'NotAnObject',
      path,
      message: `A map with apiVersion, kind and metadata.name is expected; this is ${what}.`,
    });
    return;
  }
  const apiVersion = value['apiVersion'] ?? implied?.apiVersion;
  const kind = value['kind'] ?? implied?.kind;
  if (isList(value, kind)) readItems({ kind, apiVersion }, { value, path }, content);
  else readObject({ ...value, apiVersion, kind }, path, content);
}

function isList(value: JsonRecord, kind: unknown): kind is string {
  if (typeof kind !== 'string' || !kind.endsWith('List')) return false;
  const items = value['items'];
  return Array.isArray(items) || (kind === 'List' && (items === undefined || items === null)) || items === null;
}

function readItems(
  list: { kind: string; apiVersion: unknown },
  at: { value: JsonRecord; path: FieldPath },
  content: Content,
): void {
  const items = at.value['items'];
  if (!Array.isArray(items)) return;
  const implied =
    list.kind === 'List' ? {} : { implied: { apiVersion: list.apiVersion, kind: list.kind.slice(0, -4) } };
  items.forEach((value: unknown, index) => {
    readValue({ value, path: [...at.path, 'items', index], ...implied }, content);
  });
}

function readObject(value: JsonRecord, path: FieldPath, content: Content): void {
  const refuse = (field: FieldPath, message: string): void => {
    content.refusals.push({ reason: 'NotAnObject', path: [...path, ...field], message });
  };
  const { apiVersion, kind, metadata } = value;
  for (const field of ['apiVersion', 'kind'] as const) {
    const problem = wordProblem(field, value[field]);
    if (problem === undefined) continue;
    refuse([field], problem);
    return;
  }
  const name = isRecord(metadata) ? metadata['name'] : undefined;
  if (!isRecord(metadata) || name === undefined || name === null) {
    refuse(['metadata', 'name'], `metadata.name is missing: give this ${String(kind)} a name.`);
    return;
  }
  const wrongName = nameProblem(name, useOf(String(apiVersion), String(kind)) === 'unknown' ? segment : subdomain);
  if (wrongName !== undefined) {
    refuse(['metadata', 'name'], wrongName);
    return;
  }
  const named = { ...value, apiVersion, kind, metadata: { name } } as unknown as KubeObject;
  const problem = metadataProblem(metadata);
  if (problem === undefined) {
    content.entries.push({ object: withMetadata(named, metadata), path });
    return;
  }
  const namespace = metadata['namespace'];
  const ref = refOf(
    typeof namespace === 'string' ? { ...named, metadata: { name: named.metadata.name, namespace } } : named,
  );
  content.refusals.push({ reason: 'InvalidField', path: [...path, ...problem.field], object: ref, ...problem });
}

function wordProblem(field: string, value: unknown): string | undefined {
  if (isAbsent(value)) return `${field} is missing: say which kind of object this is.`;
  if (typeof value !== 'string' || value === '') return `${field} must be a string; it is ${shorten(value)}.`;
  if (word.test(value)) return undefined;
  return `${field} ${shorten(value)} is none: write it without spaces, in ASCII characters only.`;
}

function nameProblem(name: unknown, allowed: RegExp): string | undefined {
  if (typeof name !== 'string') return `metadata.name must be a string: write it in quotes (${shorten(name)} is none).`;
  if (allowed.test(name)) return undefined;
  return `metadata.name ${shorten(name)} is not a name: lower case letters, digits, "-" and "." only, at most 253.`;
}

interface FieldProblem {
  readonly field: FieldPath;
  readonly message: string;
}

function metadataProblem(metadata: JsonRecord): FieldProblem | undefined {
  const { namespace } = metadata;
  if (!isAbsent(namespace) && namespace !== '' && !(typeof namespace === 'string' && label.test(namespace))) {
    return {
      field: ['metadata', 'namespace'],
      message: `${shorten(namespace)} is not a namespace: lower case letters, digits and "-" only, at most 63.`,
    };
  }
  for (const field of ['uid', 'creationTimestamp', 'generation'] as const) {
    const type = field === 'generation' ? 'number' : 'string';
    if (isAbsent(metadata[field]) || typeof metadata[field] === type) continue;
    return {
      field: ['metadata', field],
      message: `metadata.${field} must be a ${type}; it is ${shorten(metadata[field])}.`,
    };
  }
  return (
    stringMapProblem(metadata['labels'], ['metadata', 'labels']) ??
    stringMapProblem(metadata['annotations'], ['metadata', 'annotations']) ??
    ownersProblem(metadata['ownerReferences'])
  );
}

/** What keeps a value from being a map of strings, as labels and annotations are; absent is fine. */
export function stringMapProblem(value: unknown, field: FieldPath): FieldProblem | undefined {
  if (isAbsent(value)) return undefined;
  if (!isRecord(value)) return { field, message: `${field.join('.')} must be a map of strings.` };
  for (const [key, text] of Object.entries(value)) {
    if (typeof text === 'string') continue;
    return {
      field: [...field, key],
      message: `The value of ${JSON.stringify(key)} must be a string: write it in quotes (${shorten(text)} is none).`,
    };
  }
  return undefined;
}

function ownersProblem(owners: unknown): FieldProblem | undefined {
  if (isAbsent(owners)) return undefined;
  const field = ['metadata', 'ownerReferences'];
  if (!Array.isArray(owners)) return { field, message: 'metadata.ownerReferences must be a list.' };
  const index = owners.findIndex(
    (owner: unknown) =>
      !isRecord(owner) || !(['apiVersion', 'kind', 'name'] as const).every(key => typeof owner[key] === 'string'),
  );
  return index === -1 ? undefined : { field: [...field, index], message: 'An owner needs apiVersion, kind and name.' };
}

function withMetadata(object: KubeObject, metadata: JsonRecord): KubeObject {
  const kept = Object.entries(metadata).filter(
    ([field, value]) => value !== null && field !== 'managedFields' && field !== 'namespace',
  );
  const { namespace } = metadata;
  const written = typeof namespace === 'string' && namespace !== '' ? { namespace } : {};
  const scope = refOf({ ...object, metadata: { name: object.metadata.name, ...written } }).namespace;
  const meta = { ...Object.fromEntries(kept), ...(scope !== '' && { namespace: scope }) };
  return { ...object, metadata: meta as unknown as ObjectMeta };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

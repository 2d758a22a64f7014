import { canonicalJson, isJsonObject, type JsonObject } from '../json.ts';

/** The annotation in which travels what the version of an object can't hold (V4). */
export const conversionAnnotation = 'heddle.dev/conversion';

/** The fields of an object in another version than its own, as long as its hub fields are those of `hash`. */
export interface Residue {
  readonly hash: string;
  readonly fields: JsonObject;
}

/** What the annotation of an object holds, by version. */
export type Residues = ReadonlyMap<string, Residue>;

/** Reads the annotation; `undefined` if there is one that Heddle did not write. */
export function readResidues(metadata: unknown): Residues | undefined {
  const text = annotationsOf(metadata)[conversionAnnotation];
  if (text === undefined) return new Map();
  if (typeof text !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    const entries = Object.entries(value);
    return entries.every(isResidueEntry) ? new Map(entries) : undefined;
  } catch {
    return undefined; // not JSON: somebody else wrote it
  }
}

function isResidueEntry(entry: [string, unknown]): entry is [string, Residue] {
  const [, residue] = entry;
  return isJsonObject(residue) && typeof residue['hash'] === 'string' && isJsonObject(residue['fields']);
}

/** The same metadata with this annotation; without any where there is nothing to hold. */
export function withResidues(metadata: JsonObject, residues: Residues): JsonObject {
  const before = annotationsOf(metadata);
  if (residues.size === 0 && !Object.hasOwn(before, conversionAnnotation)) return metadata;
  const { [conversionAnnotation]: _, ...others } = before;
  const written = [...residues].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const annotations =
    residues.size === 0 ? others : { ...others, [conversionAnnotation]: JSON.stringify(Object.fromEntries(written)) };
  if (Object.keys(annotations).length > 0) return { ...metadata, annotations };
  const { annotations: __, ...rest } = metadata;
  return rest;
}

function annotationsOf(metadata: unknown): JsonObject {
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined;
  return isJsonObject(annotations) ? annotations : {};
}

const prime = 0x100000001b3n;
const mask = 0xffff_ffff_ffff_ffffn;

/** 64 bits (FNV-1a) that stand for hub fields, whatever the order of their names. */
export function hashOf(fields: JsonObject): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of canonicalJson(fields)) {
    hash = ((hash ^ BigInt(character.codePointAt(0) ?? 0)) * prime) & mask;
  }
  return hash.toString(36);
}

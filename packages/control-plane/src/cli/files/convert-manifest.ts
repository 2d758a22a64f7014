import { type Finding, findingAt } from '@heddle/mesh';
import { convert, type FieldPath, groupOf, type SourceObject } from '@heddle/smi';
import { type Document, isMap, isSeq, type Node } from 'yaml';
import { readManifest } from '../../sources/manifests.ts';
import { isRecord } from '../../sources/record.ts';
import { lineStarts, positionOf } from '../../sources/split-documents.ts';
import { editableYaml } from '../../sources/yaml.ts';
import { rewriteDocument } from './rewrite-document.ts';

/** A document, converted. */
export interface ConvertedDocument {
  readonly value: unknown;
  /** Its text, with the comments and the order of what it was converted from. */
  readonly yaml: () => string;
}

/** A manifest, converted. */
export interface ManifestConversion {
  /** Without those that hold nothing. */
  readonly documents: readonly ConvertedDocument[];
  /** What is wrong with the manifest, and what of its objects can't be converted. */
  readonly findings: readonly Finding[];
  /** How many objects are of the group. */
  readonly converted: number;
}

/** Converts every object of a group in a manifest to one of its versions; all others stay as they are. */
export function convertManifest(file: string, text: string, to: string): ManifestConversion {
  const manifest = readManifest(file, text);
  const errors = manifest.findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) return { documents: [], findings: errors, converted: 0 };
  const work = new Conversion(file, text, to);
  const documents = editableYaml(text).flatMap(document => work.convertDocument(document) ?? []);
  return { documents, findings: work.findings, converted: work.converted };
}

interface Place {
  readonly document: Document.Parsed;
  readonly path: FieldPath;
}

class Conversion {
  readonly findings: Finding[] = [];
  converted = 0;
  readonly #file: string;
  readonly #text: string;
  readonly #to: string;

  constructor(file: string, text: string, to: string) {
    this.#file = file;
    this.#text = text;
    this.#to = to;
  }

  convertDocument(document: Document.Parsed): ConvertedDocument | undefined {
    const before: unknown = document.toJS();
    if (before === null || before === undefined) return undefined;
    const value = this.#convert(before, { document, path: [] });
    return { value, yaml: () => rewriteDocument(document, value, { padding: /[{[] +\S/.test(this.#text) }) };
  }

  #convert(value: unknown, place: Place): unknown {
    if (!isRecord(value)) return value;
    const { apiVersion, kind, items } = value;
    if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items)) {
      const ofGroup = typeof apiVersion === 'string' && groupOf(apiVersion) === groupOf(this.#to);
      const converted = items.map((item: unknown, index) =>
        this.#convert(item, { ...place, path: [...place.path, 'items', index] }),
      );
      return { ...value, ...(ofGroup && { apiVersion: this.#to }), items: converted };
    }
    if (typeof apiVersion !== 'string' || groupOf(apiVersion) !== groupOf(this.#to)) return value;
    this.converted++;
    const { object, violations } = convert(value, this.#to);
    const source = { object: value, locate: path => this.#locate(place, path) } as SourceObject;
    for (const { reason, path, message } of violations) this.findings.push(findingAt(reason, source, path, message));
    return object ?? value;
  }

  #locate({ document, path: start }: Place, path: FieldPath): ReturnType<NonNullable<SourceObject['locate']>> {
    let node: Node | null = document.contents;
    let offset = node?.range?.[0] ?? 0;
    for (const step of [...start, ...path]) {
      if (isMap<Node, Node | null>(node)) {
        const pair = node.items.find(({ key }) => String(key) === String(step));
        if (pair === undefined) break;
        offset = pair.key.range?.[0] ?? offset;
        node = pair.value;
      } else if (isSeq<Node>(node)) {
        node = node.items[Number(step)] ?? null;
        offset = node?.range?.[0] ?? offset;
      } else break;
    }
    return { file: this.#file, ...positionOf(lineStarts(this.#text), offset) };
  }
}

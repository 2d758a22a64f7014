import type { FieldPath } from '@heddle/smi';
import {
  type CollectionTag,
  type Document,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  type ScalarTag,
  Schema,
  type Tags,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { maxDepth, nestsTooDeep, type OffsetFinder, type Reading, type SyntaxProblem, tooDeep } from './notation.ts';
import { AliasTargets } from './yaml-aliases.ts';

/**
 * Scalars as kubectl reads them, which is YAML 1.1 without its dates, base 60 and sets: `yes`, `no`, `on`, `off`, `y`,
 * `n` are booleans, `0644` is octal, `1_000` a number, `1e3` too, `<<` merges. A date stays a string. Keys are always
 * strings, as written: `on:` is the key `on` (kubectl would make it `true`, which nobody means).
 */
const schema = new Schema({ schema: 'yaml-1.1', merge: true, customTags: withoutExotic });

const options = {
  schema,
  // Only %YAML directives look at it once there is a schema.
  version: '1.2',
  prettyErrors: false,
  // Duplicate keys are found here, with a set a map, where the parser compares each pair.
  uniqueKeys: false,
  stringKeys: true,
  logLevel: 'error',
} as const;

/** Tokens that one text may have: ten megabytes of usual manifests, which take the parser about 800 MB. */
const maxTokens = 3_000_000;

const tooLong = `It has more than ${maxTokens} tokens: split it with \`---\`, or write it as JSON.`;

/** Explicit keys (`? key`) of one text: the parser's time grows with the cube of how they nest. */
const maxExplicitKeys = 64;

/** Reads a YAML stream. Empty documents are null. Nothing is thrown, whatever the text. */
export function readYaml(text: string): Reading {
  const { stackTraceLimit } = Error;
  // The parser makes an error of each mistake, of which there may be as many as there are characters.
  Error.stackTraceLimit = 0;
  try {
    const problem = tooMuch(text);
    if (problem !== undefined) return { documents: [], problems: [problem] };
    const documents = parseAllDocuments(text, options);
    const problems = documents.flatMap(document => problemsOf(document, text));
    // Directives without a document are wrong; comments alone are fine.
    if ('empty' in documents) problems.push(...documents.errors.map(error => problemOf(error, text)));
    return problems.length > 0 ? { documents: [], problems } : valuesOf(documents, text);
  } catch (error) {
    // The parser recurses: deep nesting by indentation alone ends its stack.
    if (error instanceof RangeError) return { documents: [], problems: [{ offset: 0, message: tooDeep }] };
    throw error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Reads a YAML stream that `readYaml` has accepted once more, to find places in it. */
export function findInYaml(text: string): OffsetFinder {
  const documents = parseAllDocuments(text, options).map(document => ({
    contents: document.contents,
    aliases: new AliasTargets(document),
  }));
  return (index, path) => {
    const document = documents[index];
    return document === undefined ? 0 : offsetOf(document, path);
  };
}

/** The documents of a YAML stream that `readYaml` has accepted, with comments and all, to be changed and written again. */
export function editableYaml(text: string): Document.Parsed[] {
  return parseAllDocuments(text, { ...options, keepSourceTokens: true });
}

function withoutExotic(tags: Tags): Tags {
  return tags
    .filter(
      tag =>
        typeof tag === 'string' || (!/:(?:timestamp|binary|omap|pairs|set)$/.test(tag.tag) && formatOf(tag) !== 'TIME'),
    )
    .map(tag => (typeof tag !== 'string' && /:(?:int|float)$/.test(tag.tag) ? withDigits(tag) : tag));
}

/** What the parser takes for a number without a digit, such as `e1`, `.` or `0x_`, is the string that it is for kubectl. */
function withDigits(tag: ScalarTag | CollectionTag): ScalarTag | CollectionTag {
  if (tag.collection !== undefined) return tag;
  return {
    ...tag,
    resolve: (text, onError, parse) => {
      const value: unknown = tag.resolve(text, onError, parse);
      const number = isScalar(value) ? value.value : value;
      return Number.isNaN(number) && !/^\.nan$/i.test(text) ? text : value;
    },
  };
}

function formatOf(tag: ScalarTag | CollectionTag): string | undefined {
  return 'format' in tag ? tag.format : undefined;
}

function problemsOf(document: Document.Parsed, text: string): readonly SyntaxProblem[] {
  const first = document.errors[0];
  if (first !== undefined) return [problemOf(first, text)];
  if (document.contents === null) return [];
  const problem = duplicateKey(document.contents) ?? new AliasTargets(document).problem();
  return problem === undefined ? [] : [problem];
}

function problemOf(error: YAMLError, text: string): SyntaxProblem {
  // Most ends of the stack are found by the parser itself.
  const message = error.code === 'RESOURCE_EXHAUSTION' ? tooDeep : sentence(error.message);
  return { offset: Math.min(error.pos[0], text.length), message };
}

function valuesOf(documents: readonly Document.Parsed[], text: string): Reading {
  const values: unknown[] = [];
  for (const document of documents) {
    const offset = document.contents?.range[0] ?? 0;
    try {
      const value: unknown = document.toJS({ maxAliasCount: -1 });
      if (nestsTooDeep(value)) return { documents: [], problems: [{ offset, message: tooDeep }] };
      values.push(value);
    } catch (error) {
      // An alias without its anchor, or a merge of what is no map; the stack's end is seen to outside.
      if (!(error instanceof Error) || error instanceof RangeError || error instanceof TypeError) throw error;
      const name = /: (\S+)$/.exec(error.message)?.[1];
      const at = name === undefined ? -1 : text.indexOf(`*${name}`);
      return { documents: [], problems: [{ offset: at === -1 ? offset : at, message: sentence(error.message) }] };
    }
  }
  return { documents: values, problems: [] };
}

function duplicateKey(node: ParsedNode): SyntaxProblem | undefined {
  if (isSeq(node)) return firstOf(node.items, duplicateKey);
  if (!isMap(node)) return undefined;
  const seen = new Set<string>();
  return firstOf(node.items, ({ key, value }) => {
    const name = keyName(key);
    if (name !== '<<' && seen.has(name)) {
      return { offset: key.range[0], message: `The key ${JSON.stringify(name)} stands twice in one map.` };
    }
    seen.add(name);
    return value === null ? undefined : duplicateKey(value);
  });
}

function firstOf<Item, Result>(items: readonly Item[], find: (item: Item) => Result | undefined): Result | undefined {
  for (const item of items) {
    const result = find(item);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** Where a text starts to nest too deep in one line, or in brackets, or to be too long, before the parser tries. */
function tooMuch(text: string): SyntaxProblem | undefined {
  const suspects = text.match(/[[{]|\? /g)?.length ?? 0;
  // There are at most two tokens a character: a scalar and the mark before it.
  const isShort = text.length <= maxTokens / 2;
  if (isShort && suspects <= maxExplicitKeys && !/(?:[-?:][ \t]+){64}/.test(text)) return undefined;
  let offset = 0;
  let brackets = 0;
  let run = 0;
  let keys = 0;
  let count = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets++;
    else if (token === ']' || token === '}') brackets--;
    else if (token === '?') keys++;
    run = token === '-' || token === '?' || token === ':' ? run + 1 : token.trim() === '' ? run : 0;
    if (brackets > maxDepth || run > maxDepth || keys > maxExplicitKeys) return { offset, message: tooDeep };
    if (++count > maxTokens) return { offset, message: tooLong };
    // Tokens that mark a document or a scalar to come have no text of their own.
    if (token !== '\u{02}' && token !== '\u{1F}' && token !== '\u{18}') offset += token.length;
  }
  return undefined;
}

/** A document with what its aliases stand for. */
interface Resolved {
  readonly contents: ParsedNode | null;
  readonly aliases: AliasTargets;
}

function offsetOf({ contents, aliases }: Resolved, path: FieldPath): number {
  let offset = contents?.range[0] ?? 0;
  let node: Node | null = contents;
  for (const step of path) {
    node = aliases.resolve(node);
    const next = child(aliases, node, step);
    if (next === undefined) return offset;
    offset = next.offset;
    node = next.node;
  }
  return offset;
}

interface Child {
  readonly offset: number;
  readonly node: Node | null;
}

function child(aliases: AliasTargets, node: Node | null, step: string | number): Child | undefined {
  if (isSeq<Node>(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined;
    return item === undefined ? undefined : { offset: item.range?.[0] ?? 0, node: item };
  }
  return isMap<Node, Node | null>(node) ? field(aliases, node, String(step)) : undefined;
}

function field(aliases: AliasTargets, map: YAMLMap<Node, Node | null>, name: string): Child | undefined {
  for (const { key, value } of map.items) {
    if (keyName(key) === name) return { offset: key.range?.[0] ?? 0, node: value };
  }
  for (const { key, value } of map.items) {
    if (keyName(key) !== '<<') continue;
    const merged = aliases.resolve(value);
    const sources: readonly (Node | null)[] = isSeq<Node>(merged) ? merged.items : [merged];
    for (const source of sources) {
      const found = child(aliases, aliases.resolve(source), name);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** A key as it was written; a merge key's value is a symbol, or `<<`. */
function keyName(key: unknown): string {
  if (!isScalar(key)) return '';
  if (typeof key.value === 'symbol') return '<<';
  return typeof key.value === 'string' ? key.value : (key.source ?? '');
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

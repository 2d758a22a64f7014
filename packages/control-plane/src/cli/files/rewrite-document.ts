import { isDeepStrictEqual } from 'node:util';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
  YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { isRecord } from '../../sources/record.ts';

type Entry = Pair<Node, Node | null>;

/** How values are written that were not there before. */
const style = { aliasDuplicateObjects: false } as const;

/**
 * Writes a document with another value than it has: what stays, and what only moved, keeps its comments and the way that
 * it was written; `padding` is whether braces within a line have spaces inside. A document with aliases, which may stand
 * for what moved, is written anew, and so is JSON.
 */
export function rewriteDocument(document: Document.Parsed, value: unknown, { padding }: { padding: boolean }): string {
  const options = { lineWidth: 0, directives: false, flowCollectionPadding: padding } as const;
  const { contents } = document;
  if (isMap<Node, Node | null>(contents) && isRecord(value) && contents.flow !== true && !hasAliases(document)) {
    new Rewriting(document).rewriteMap(contents, value);
  } else {
    document.contents = document.createNode(value, style) as typeof contents;
  }
  return document.toString(options);
}

function hasAliases(document: Document.Parsed): boolean {
  let found = false;
  visit(document, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

class Rewriting {
  readonly #document: Document.Parsed;
  /** What was taken out, and may stand elsewhere now. */
  readonly #moved: Entry[] = [];

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  rewriteMap(map: YAMLMap<Node, Node | null>, value: Readonly<Record<string, unknown>>): void {
    const kept = map.items.filter(pair => Object.hasOwn(value, nameOf(pair)));
    for (const pair of map.items) if (!kept.includes(pair)) this.#takeOut(pair);
    map.items = kept;
    for (const pair of kept) this.#rewriteValue(pair, value[nameOf(pair)]);
    const names = Object.keys(value);
    for (const [index, name] of names.entries()) {
      if (kept.some(pair => nameOf(pair) === name)) continue;
      // It stands after what stands before it in the value.
      const before = names.slice(0, index).findLast(other => map.items.some(pair => nameOf(pair) === other));
      const at = map.items.findIndex(pair => nameOf(pair) === before) + 1;
      map.items.splice(at, 0, this.#entryOf(name, value[name]));
    }
  }

  #rewriteValue(pair: Entry, value: unknown): void {
    if (this.#isSame(pair.value, value)) return;
    if (isMap<Node, Node | null>(pair.value) && isRecord(value)) this.rewriteMap(pair.value, value);
    else if (isSeq<Node>(pair.value) && Array.isArray(value)) this.#rewriteList(pair.value, value);
    else pair.value = this.#nodeOf(value, pair.value);
  }

  /** With what is in it: that may move out of what held it. */
  #takeOut(pair: Entry): void {
    this.#moved.push(pair);
    if (!isMap<Node, Node | null>(pair.value)) return;
    const { items, commentBefore } = pair.value;
    // What stands before the first of them is noted of the whole.
    if (commentBefore && items[0] !== undefined) items[0].key.commentBefore ??= commentBefore;
    this.#moved.push(...items);
  }

  #nodeOf(value: unknown, former: Node | null | undefined): Node {
    const node = this.#document.createNode(value, style);
    if (isScalar(former) && isScalar(node))
      Object.assign(node, { comment: former.comment, commentBefore: former.commentBefore });
    return node;
  }

  #rewriteList(list: YAMLSeq<Node>, values: readonly unknown[]): void {
    list.items = values.map((value, index) => {
      const item = list.items[index];
      if (item !== undefined && this.#isSame(item, value)) return item;
      if (!isMap<Node, Node | null>(item) || !isRecord(value)) return this.#nodeOf(value, item);
      this.rewriteMap(item, value);
      return item;
    });
  }

  #entryOf(name: string, value: unknown): Entry {
    const index = this.#moved.findIndex(pair => this.#isSame(pair.value, value));
    const [moved] = index === -1 ? [] : this.#moved.splice(index, 1);
    if (moved !== undefined) {
      if (nameOf(moved) !== name) moved.key = this.#keyOf(name, moved.key);
      return moved;
    }
    if (!isRecord(value) || Object.keys(value).length === 0) {
      return this.#document.createPair(name, value, style) as Entry;
    }
    const map = new YAMLMap<Node, Node | null>(this.#document.schema);
    map.items = Object.keys(value).map(field => this.#entryOf(field, value[field]));
    return this.#document.createPair(name, map, style);
  }

  #keyOf(name: string, former: Node): Node {
    const key = this.#document.createNode(name, style);
    if (former.commentBefore !== undefined && former.commentBefore !== null) key.commentBefore = former.commentBefore;
    if (former.spaceBefore !== undefined) key.spaceBefore = former.spaceBefore;
    return key;
  }

  #isSame(node: Node | null, value: unknown): boolean {
    if (isAlias(node)) return false;
    return isDeepStrictEqual(node === null ? null : node.toJS(this.#document), value);
  }
}

function nameOf({ key }: Entry): string {
  return String(key);
}

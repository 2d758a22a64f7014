import { type Alias, type Document, isAlias, isMap, isSeq, type Node, visit } from 'yaml';
import type { SyntaxProblem } from './notation.ts';

/** Nodes that the aliases of one document may repeat in all; nine lines of "billion laughs" repeat 10^9. */
const maxRepeated = 1_000_000;

/** Steps that finding what aliases stand for may take: the parser tries every anchor and alias for each alias. */
const maxSteps = 100_000_000;

/** What each alias of a document stands for: the last node before it that has its anchor. */
export class AliasTargets {
  readonly #targets = new Map<Alias, Node>();
  readonly #anchors: number;

  constructor(document: Document.Parsed) {
    const anchored = new Map<string, Node>();
    let anchors = 0;
    visit(document, {
      Node: (_key, node) => {
        if (isAlias(node)) {
          const target = anchored.get(node.source);
          if (target !== undefined) this.#targets.set(node, target);
        } else if ('anchor' in node && typeof node.anchor === 'string') {
          anchors++;
          anchored.set(node.anchor, node);
        }
      },
    });
    this.#anchors = anchors;
  }

  /** The node that another one stands for: itself unless it is an alias, and null for an alias without its anchor. */
  resolve(node: Node | null): Node | null {
    return isAlias(node) ? (this.#targets.get(node) ?? null) : node;
  }

  /**
   * Why a document is not to be expanded: what its aliases repeat takes too much time or memory. `<<` copies what it merges,
   * nested values too, so that every alias counts with all that it stands for.
   */
  problem(): SyntaxProblem | undefined {
    const count = this.#targets.size;
    const sizes = new Map<Node, number>();
    let repeated = 0;
    for (const [alias, target] of this.#targets) {
      repeated += this.#sizeOf(target, sizes);
      if (repeated <= maxRepeated && count * (count + this.#anchors) <= maxSteps) continue;
      const what = repeated > maxRepeated ? `repeat more than ${maxRepeated} values` : `are too many (${count})`;
      return { offset: alias.range?.[0] ?? 0, message: `The aliases of this document ${what}: write them out.` };
    }
    return undefined;
  }

  /** Nodes of a value with its aliases expanded; one that is within itself counts as nothing there. */
  #sizeOf(node: unknown, sizes: Map<Node, number>): number {
    if (isAlias(node)) return this.#sizeOf(this.#targets.get(node), sizes);
    if (!isSeq(node) && !isMap(node)) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    sizes.set(node, 0);
    let size = 1;
    if (isSeq(node)) for (const item of node.items) size += this.#sizeOf(item, sizes);
    else for (const { key, value } of node.items) size += this.#sizeOf(key, sizes) + this.#sizeOf(value, sizes);
    sizes.set(node, size);
    return size;
  }
}

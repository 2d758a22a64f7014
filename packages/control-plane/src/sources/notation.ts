import type { FieldPath } from '@heddle/smi';

/** What is wrong with a text as YAML or JSON. */
export interface SyntaxProblem {
  /** Where in the text, in UTF-16 units. */
  readonly offset: number;
  readonly message: string;
}

/** A text read as YAML or JSON: its documents, or why it has none. */
export interface Reading {
  readonly documents: readonly unknown[];
  readonly problems: readonly SyntaxProblem[];
}

/** Finds where a field of one of a text's documents was written: the nearest written ancestor when it is absent. */
export type OffsetFinder = (document: number, path: FieldPath) => number;

/** How deep values may nest; Kubernetes' deepest (schemas of custom resources) reach about half of it. */
export const maxDepth = 100;

/** Whether a value nests deeper than `maxDepth`; one that contains itself, through an alias, does. */
export function nestsTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth > maxDepth) return true;
  for (const child of Object.values(value)) if (nestsTooDeep(child, depth + 1)) return true;
  return false;
}

/** What is said of a text that nests too deep. */
export const tooDeep = `It nests deeper than ${maxDepth} levels.`;

/** A part of a file that can be read alone. */
export interface TextPart {
  readonly text: string;
  /** Lines of the file before it. */
  readonly line: number;
}

/**
 * Cuts a YAML stream at its `---` lines, so that an edit reads one document again and not the whole file. A line that
 * starts with `---` is a boundary wherever it stands (YAML 1.2, 9.1.2), inside quotes and block scalars too. A stream with
 * directives or `...` lines is left whole: what they apply to crosses the cuts.
 */
export function splitDocuments(text: string): readonly TextPart[] {
  if (/^(?:%|\.\.\.\s)/.test(text) || /\n(?:%|\.\.\.(?:\s|$))/.test(text)) return [{ text, line: 0 }];
  const parts: TextPart[] = [];
  let start = 0;
  let line = 0;
  for (;;) {
    const end = nextBoundary(text, start);
    const part = text.slice(start, end);
    parts.push({ text: part, line });
    if (end === text.length) return parts;
    line += countLines(part);
    start = end;
  }
}

/** Offsets at which the lines of a text start. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Line and column of an offset, both from 1. */
export function positionOf(starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

function nextBoundary(text: string, start: number): number {
  for (let at = text.indexOf('\n---', start); at !== -1; at = text.indexOf('\n---', at + 1)) {
    const next = text[at + 4];
    if (next === undefined || next === ' ' || next === '\t' || next === '\r' || next === '\n') return at + 1;
  }
  return text.length;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

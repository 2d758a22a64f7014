import type { FieldPath } from '@heddle/smi';
import { nestsTooDeep, type OffsetFinder, type Reading, type SyntaxProblem, tooDeep } from './notation.ts';

/** Reads a JSON text: one document. Much faster than YAML, which matters for dumps of whole clusters. */
export function readJson(text: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { documents: [], problems: [syntaxProblem(error.message, text)] };
  }
  if (nestsTooDeep(value)) return { documents: [], problems: [{ offset: 0, message: tooDeep }] };
  const { duplicate } = scan(text);
  return duplicate === undefined ? { documents: [value], problems: [] } : { documents: [], problems: [duplicate] };
}

/** Reads a JSON text that `readJson` has accepted once more, to find places in it. */
export function findInJson(text: string): OffsetFinder {
  const { root } = scan(text);
  return (_document, path) => offsetOf(root, path);
}

/** A value's place: its own for an item, its key's for a field. */
interface Place {
  readonly offset: number;
  readonly fields?: ReadonlyMap<string, Place>;
  readonly items?: readonly Place[];
}

function syntaxProblem(message: string, text: string): SyntaxProblem {
  const position = /at position (\d+)/.exec(message)?.[1];
  const offset = position === undefined ? text.length : Number(position);
  return { offset, message: `${message.replace(/(?: in JSON)? at position .*$/s, '').replace(/\.$/, '')}.` };
}

function offsetOf(root: Place, path: FieldPath): number {
  let place = root;
  for (const step of path) {
    const next = typeof step === 'number' ? place.items?.[step] : place.fields?.get(step);
    if (next === undefined) break;
    place = next;
  }
  return place.offset;
}

/** Walks a text that is known to be JSON of bounded depth. */
function scan(text: string): { root: Place; duplicate?: SyntaxProblem } {
  const scanner = new Scanner(text);
  const root = scanner.value(scanner.here());
  return scanner.duplicate === undefined ? { root } : { root, duplicate: scanner.duplicate };
}

class Scanner {
  duplicate: SyntaxProblem | undefined;
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Offset of the next token. */
  here(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return this.#at;
      this.#at++;
    }
  }

  /** Steps over a value, whose place is `offset`. */
  value(offset: number): Place {
    const first = this.#text[this.here()];
    if (first === '{') return { offset, fields: this.#fields() };
    if (first === '[') return { offset, items: this.#items() };
    if (first === '"') this.#string();
    else while (this.#at < this.#text.length && !',]} \n\r\t'.includes(this.#text[this.#at] as string)) this.#at++;
    return { offset };
  }

  #fields(): ReadonlyMap<string, Place> {
    const fields = new Map<string, Place>();
    this.#at++;
    while (this.#text[this.here()] !== '}') {
      const offset = this.#at;
      const name = JSON.parse(this.#string()) as string;
      if (fields.has(name)) {
        this.duplicate ??= { offset, message: `The key ${JSON.stringify(name)} stands twice in one map.` };
      }
      this.here();
      this.#at++;
      fields.set(name, this.value(offset));
      if (this.#text[this.here()] === ',') this.#at++;
    }
    this.#at++;
    return fields;
  }

  #items(): readonly Place[] {
    const items: Place[] = [];
    this.#at++;
    while (this.#text[this.here()] !== ']') {
      items.push(this.value(this.#at));
      if (this.#text[this.here()] === ',') this.#at++;
    }
    this.#at++;
    return items;
  }

  /** Steps over a string and gives it as written, quotes included. */
  #string(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (this.#escaped(end)) end = this.#text.indexOf('"', end + 1);
    this.#at = end + 1;
    return this.#text.slice(start, this.#at);
  }

  #escaped(quote: number): boolean {
    let backslashes = 0;
    while (this.#text[quote - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }
}

/** A part of what a pattern matches: a text, or any text without a line break, perhaps with at least one character. */
export type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  /** `.*` */
  | { readonly kind: 'any' }
  /** `.+` */
  | { readonly kind: 'some' }
  /** `[^/]+` */
  | { readonly kind: 'segment' };

/** A text with gaps; without any it is the empty text. */
export type Shape = readonly Piece[];

/** More alternatives than a person would write by hand in the target. */
const mostShapes = 16;

/**
 * Reads a pattern as a few texts with gaps, one of which a whole text must have: `/a|/b/.*` is `/a`, and `/b/` with
 * anything behind it. `undefined` where it is more than that, so that only a target with regular expressions can say it.
 * Nothing is ever rounded: the shapes match exactly what the pattern does.
 */
export function shapesOf(pattern: string): readonly Shape[] | undefined {
  const reader = new PatternReader(pattern);
  const shapes = reader.readAlternatives();
  if (shapes === undefined || !reader.isAtEnd || shapes.length > mostShapes) return undefined;
  const byText = new Map(shapes.map(joined).map(shape => [JSON.stringify(shape), shape]));
  return [...byText.values()];
}

/** The only text that a shape has, if it has no gaps. */
export function literalOf(shape: Shape): string | undefined {
  const [first, ...rest] = shape;
  if (first === undefined) return '';
  return first.kind === 'literal' && rest.length === 0 ? first.text : undefined;
}

/** What every text of a shape begins with, if what follows may be anything at all. */
export function prefixOf(shape: Shape): string | undefined {
  const [first, second, ...rest] = shape;
  return first?.kind === 'literal' && second?.kind === 'any' && rest.length === 0 ? first.text : undefined;
}

/** What every text of a shape ends with, if what precedes may be anything at all. */
export function suffixOf(shape: Shape): string | undefined {
  const [first, second, ...rest] = shape;
  return first?.kind === 'any' && second?.kind === 'literal' && rest.length === 0 ? second.text : undefined;
}

/** Whether a shape is any text: for a path, which begins with `/`, anything behind that will do. */
export function isAnything(shape: Shape, of: 'path' | 'value'): boolean {
  const [first, ...rest] = shape;
  if (rest.length === 0) return first?.kind === 'any' || (of === 'path' && first?.kind === 'some');
  return of === 'path' && prefixOf(shape) === '/';
}

/** Reads the part of RE2's syntax that shapes can say; every method answers `undefined` at anything else. */
class PatternReader {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#pattern.length;
  }

  readAlternatives(): Shape[] | undefined {
    const all: Shape[] = [];
    do {
      const shapes = this.#readSequence();
      if (shapes === undefined) return undefined;
      all.push(...shapes);
    } while (this.#take('|'));
    return all;
  }

  #readSequence(): Shape[] | undefined {
    let shapes: Shape[] = [[]];
    if (this.#depth === 0) this.#take('^');
    while (!this.isAtEnd && !'|)'.includes(this.#next)) {
      // The whole text is matched, so an anchor at its end says nothing.
      if (this.#depth === 0 && this.#next === '$' && '|'.includes(this.#pattern[this.#at + 1] ?? '|')) {
        this.#at++;
        continue;
      }
      const item = this.#readItem();
      if (item === undefined || shapes.length * item.length > mostShapes) return undefined;
      shapes = shapes.flatMap(before => item.map(after => [...before, ...after]));
    }
    return shapes;
  }

  #readItem(): readonly Shape[] | undefined {
    if (this.#take('.')) return this.#readGap();
    if (this.#take('[^/]')) return this.#take('+') ? this.#takeLazy([[{ kind: 'segment' }]]) : undefined;
    const atom = this.#readAtom();
    if (atom === undefined || '*+{'.includes(this.#next)) return undefined;
    if (!this.#take('?')) return atom;
    return this.#takeLazy([...atom, []]);
  }

  /** What follows a dot: without `*` or `+` it is one character, which no shape is. */
  #readGap(): Shape[] | undefined {
    if (this.#take('*')) return this.#takeLazy([[{ kind: 'any' }]]);
    return this.#take('+') ? this.#takeLazy([[{ kind: 'some' }]]) : undefined;
  }

  /** A lazy repetition matches the same texts. */
  #takeLazy(shapes: Shape[]): Shape[] | undefined {
    this.#take('?');
    return '*+?{'.includes(this.#next) ? undefined : shapes;
  }

  #readAtom(): Shape[] | undefined {
    if (this.#take('(')) return this.#readGroup();
    if (this.#take('[')) return this.#readClass();
    const character = this.#readCharacter('^$*+?{()[|.');
    return character === undefined ? undefined : [[{ kind: 'literal', text: character }]];
  }

  #readGroup(): Shape[] | undefined {
    // With `s` a dot is a line break too, which no text has.
    if (this.#next === '?' && !this.#take('?:') && !this.#take('?s:')) return undefined;
    this.#depth++;
    const shapes = this.readAlternatives();
    this.#depth--;
    return this.#take(')') ? shapes : undefined;
  }

  /** A class of a few characters is as many alternatives. */
  #readClass(): Shape[] | undefined {
    const characters = new Set<string>();
    if (this.#next === '^') return undefined;
    do {
      const first = this.#readCharacter('[');
      if (first === undefined) return undefined;
      const isRange = this.#next === '-' && this.#pattern[this.#at + 1] !== ']';
      if (isRange) this.#at++;
      const last = isRange ? this.#readCharacter('[') : first;
      if (last === undefined) return undefined;
      for (let code = first.charCodeAt(0); code <= last.charCodeAt(0); code++)
        characters.add(String.fromCharCode(code));
      if (characters.size > mostShapes) return undefined;
    } while (!this.#take(']'));
    return [...characters].map(text => [{ kind: 'literal', text }]);
  }

  /** One character that stands for itself, escaped or not; what is more than one byte is left to regular expressions. */
  #readCharacter(special: string): string | undefined {
    const escaped = this.#take('\\');
    const character = this.#pattern[this.#at];
    if (character === undefined || character < ' ' || character > '~') return undefined;
    if (escaped ? /[0-9A-Za-z]/.test(character) : special.includes(character)) return undefined;
    this.#at++;
    return character;
  }

  /** The next character; a line break, which no pattern is asked about, at the end. */
  get #next(): string {
    return this.#pattern[this.#at] ?? '\n';
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

/** Neighbouring literals become one, neighbouring gaps the gap that they are together. */
function joined(shape: Shape): Shape {
  const pieces: Piece[] = [];
  for (const piece of shape) {
    const last = pieces.at(-1);
    if (last?.kind === 'literal' && piece.kind === 'literal') {
      pieces[pieces.length - 1] = { kind: 'literal', text: last.text + piece.text };
    } else if (isGap(last) && isGap(piece) && (last.kind === 'any' || piece.kind === 'any')) {
      pieces[pieces.length - 1] = last.kind === 'some' || piece.kind === 'some' ? { kind: 'some' } : { kind: 'any' };
    } else {
      pieces.push(piece);
    }
  }
  return pieces;
}

function isGap(piece: Piece | undefined): piece is { readonly kind: 'any' | 'some' } {
  return piece?.kind === 'any' || piece?.kind === 'some';
}

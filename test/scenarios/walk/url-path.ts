/** How a path is normalised, as the options of an HTTP connection manager say. */
export interface PathOptions {
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly rejectEscapedSlashes: boolean;
}

/**
 * What Envoy 1.40 makes of the target of an HTTP/1.1 request: the path that routes see and that is passed on, or
 * `undefined` where it answers 400. Written after the way in which Envoy does it, character by character; `normalizePath`,
 * whose test holds recorded answers of Envoy, must come to the same.
 */
export function envoyPath(target: string, options: PathOptions): string | undefined {
  if (/[^!-~]/.test(target)) return undefined;
  if (target.includes('#') || !target.startsWith('/')) return undefined;
  const end = target.indexOf('?') < 0 ? target.length : target.indexOf('?');
  const query = target.slice(end);
  let path = target.slice(0, end);
  if (options.rejectEscapedSlashes && ['%2f', '%5c'].some(escape => path.toLowerCase().includes(escape))) {
    return undefined;
  }
  if (options.normalizePath) {
    const canonical = new Canonicalizer(dropDotParameters(path)).run();
    if (canonical === undefined) return undefined;
    path = canonical;
  }
  if (options.mergeSlashes && path.includes('//')) {
    const inner = path.split('/').filter(part => part.length > 0);
    path = `/${inner.join('/')}${path.endsWith('/') ? '/' : ''}`;
  }
  return path + query;
}

/** `/..;x/` counts as `/../`, where both dots are written as such. */
function dropDotParameters(path: string): string {
  const parts = path.split('/');
  return parts.map(part => (part.startsWith('.;') ? '.' : part.startsWith('..;') ? '..' : part)).join('/');
}

const escapedInOutput = '"<>^`{|}';

class Canonicalizer {
  readonly #input: string;
  #output = '';
  #at = 0;
  #lastBarePercent = -10;

  constructor(input: string) {
    this.#input = input;
  }

  run(): string | undefined {
    while (this.#at < this.#input.length) {
      if (this.#output.endsWith('/') && this.#takeDots()) continue;
      if (!this.#takeOne()) return undefined;
    }
    return this.#output;
  }

  /** A segment of one or two dots, escaped or not, with the slash that ends it. */
  #takeDots(): boolean {
    const [first, next] = this.#dotAt(this.#at);
    if (!first) return false;
    if (this.#endsSegment(next)) {
      this.#at = next + 1;
      return true;
    }
    const [second, after] = this.#dotAt(next);
    if (!second || !this.#endsSegment(after)) return false;
    const parent = this.#output.lastIndexOf('/', this.#output.length - 2);
    this.#output = parent < 0 ? '/' : this.#output.slice(0, parent + 1);
    this.#at = after + 1;
    return true;
  }

  #dotAt(index: number): [found: boolean, next: number] {
    if (this.#input[index] === '.') return [true, index + 1];
    return [this.#input.slice(index, index + 3).toLowerCase() === '%2e', index + 3];
  }

  #endsSegment(index: number): boolean {
    return index >= this.#input.length || this.#input[index] === '/' || this.#input[index] === '\\';
  }

  #takeOne(): boolean {
    const character = this.#input.charAt(this.#at);
    if (character === '%') return this.#takeEscape();
    this.#at += 1;
    if (character === '\\') this.#output += '/';
    else if (escapedInOutput.includes(character)) this.#output += encodeURIComponent(character);
    else this.#output += character;
    return true;
  }

  #takeEscape(): boolean {
    const digits = this.#input.slice(this.#at + 1, this.#at + 3);
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) {
      this.#lastBarePercent = this.#output.length;
      this.#output += '%';
      this.#at += 1;
      return true;
    }
    if (digits === '00') return false;
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    this.#at += 3;
    if (!/[\w.~-]/.test(character)) this.#output += `%${digits}`;
    else {
      this.#output += character;
      this.#guardNestedEscape();
    }
    return true;
  }

  /** What was decoded may complete an escape that was none as written: its `%` is then written `%25`. */
  #guardNestedEscape(): void {
    const start = this.#lastBarePercent;
    const candidate = this.#output.slice(start) + this.#input.charAt(this.#at);
    const distance = this.#output.length - start;
    if (distance > 3 || !/^%[0-9a-fA-F]{2}/.test(candidate)) return;
    this.#output = `${this.#output.slice(0, start)}%25${this.#output.slice(start + 1)}`;
    this.#lastBarePercent = -10;
  }
}

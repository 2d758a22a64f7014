import type { FieldPath } from '@heddle/smi';

/** One thing wrong with a Traffic object. */
export interface TrafficProblem {
  readonly path: FieldPath;
  /** One sentence. */
  readonly message: string;
}

/** A value of a Traffic object at a known place; what is wrong is collected, nothing is thrown. */
export class Field {
  readonly value: unknown;
  readonly path: FieldPath;
  readonly #problems: TrafficProblem[];

  constructor(value: unknown, path: FieldPath, problems: TrafficProblem[]) {
    this.value = value;
    this.path = path;
    this.#problems = problems;
  }

  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** Notes what is wrong here. */
  report(message: string): undefined {
    this.#problems.push({ path: this.path, message });
    return undefined;
  }

  /** The fields of a map, of which each must be one of `known`; reports anything else. */
  fields<Name extends string>(known: readonly Name[]): Readonly<Record<Name, Field>> {
    const map = this.entries();
    for (const [name, field] of map) {
      if (!(known as readonly string[]).includes(name))
        field.report(`${name} is not a field here; there are ${known.join(', ')}.`);
    }
    const held = new Map(map);
    const absent = (name: string) => new Field(undefined, [...this.path, name], this.#problems);
    return Object.fromEntries(known.map(name => [name, held.get(name) ?? absent(name)])) as Record<Name, Field>;
  }

  /** The fields of a map whose keys are free; an absent map has none. */
  entries(): (readonly [name: string, field: Field])[] {
    if (!this.present) return [];
    if (typeof this.value !== 'object' || Array.isArray(this.value)) {
      this.report(`${this.#name} must be a map.`);
      return [];
    }
    return Object.entries(this.value as object).map(([name, value]) => [
      name,
      new Field(value, [...this.path, name], this.#problems),
    ]);
  }

  /** The items of a list; an absent list has none. */
  items(): Field[] {
    if (!this.present) return [];
    if (!Array.isArray(this.value)) {
      this.report(`${this.#name} must be a list.`);
      return [];
    }
    return this.value.map((item, index) => new Field(item, [...this.path, index], this.#problems));
  }

  /** A text; absent: the default, or a problem where there is none. */
  text(byDefault?: string): string {
    if (!this.present && byDefault !== undefined) return byDefault;
    if (typeof this.value === 'string' && this.value !== '') return this.value;
    this.report(this.present ? `${this.#name} must be a text; put it in quotes.` : `${this.#name} is missing.`);
    return '';
  }

  /** One of some words. */
  word<Word extends string>(words: readonly Word[], byDefault?: Word): Word {
    if (!this.present && byDefault !== undefined) return byDefault;
    const word = words.find(candidate => candidate === this.value);
    if (word !== undefined) return word;
    this.report(
      `${this.#name} must be one of ${words.join(', ')}${this.present ? `, not ${JSON.stringify(this.value)}` : ''}.`,
    );
    return words[0] as Word;
  }

  /** A number from `least` to `most`; `whole` refuses fractions. */
  number({ least, most, whole }: { least: number; most: number; whole: boolean }): number {
    const { value } = this;
    if (typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value)))
      return value;
    this.report(`${this.#name} must be a ${whole ? 'whole ' : ''}number from ${least} to ${most}.`);
    return least;
  }

  /** True or false. */
  flag(): boolean {
    if (typeof this.value !== 'boolean') this.report(`${this.#name} must be true or false.`);
    return this.value === true;
  }

  get #name(): string {
    const last = this.path.at(-1);
    return typeof last === 'number' ? `item ${last} of ${String(this.path.at(-2))}` : (last ?? 'the object');
  }
}

import type { ConfigProblem } from './config-error.ts';
import { parseDuration } from './duration.ts';

/** One place in a parsed file: what it holds and its path. Each reader notes a problem where the value is not what it asks for. */
export class Field {
  readonly value: unknown;
  readonly path: string;
  readonly #problems: ConfigProblem[];

  constructor(value: unknown, path: string, problems: ConfigProblem[]) {
    // Written without a value is as good as not written.
    this.value = value ?? undefined;
    this.path = path;
    this.#problems = problems;
  }

  get isAbsent(): boolean {
    return this.value === undefined;
  }

  /** Notes what is wrong here. */
  wrong(message: string): undefined {
    this.#problems.push({ field: this.path, message });
  }

  /** A field of this mapping; what it does not have is absent. */
  get(name: string): Field {
    const value = isMapping(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return new Field(value, this.path === '' ? name : `${this.path}.${name}`, this.#problems);
  }

  /** Whether it is a mapping, as it must be. */
  expectMapping(): boolean {
    if (isMapping(this.value)) return true;
    this.wrong(`must be a mapping, not ${told(this.value)}`);
    return false;
  }

  /** The items of a list; none where it is absent. */
  items(): Field[] {
    if (this.isAbsent) return [];
    if (Array.isArray(this.value))
      return this.value.map((item, index) => new Field(item, `${this.path}[${index}]`, this.#problems));
    this.wrong(`must be a list, not ${told(this.value)}`);
    return [];
  }

  /** A text that must be there. */
  text(): string {
    if (typeof this.value === 'string' && this.value !== '') return this.value;
    this.wrong(`must be a text, not ${told(this.value)}`);
    return '';
  }

  /** One of a few words, which must be there. */
  oneOf<Word extends string>(words: readonly [Word, ...Word[]]): Word {
    const found = words.find(word => word === this.value);
    if (found === undefined) this.wrong(`must be ${words.join(' or ')}, not ${told(this.value)}`);
    return found ?? words[0];
  }

  /** Yes or no; `false` where it is absent. */
  flag(): boolean {
    if (typeof this.value === 'boolean' || this.isAbsent) return this.value === true;
    return this.wrong(`must be true or false, not ${told(this.value)}`) ?? false;
  }

  /** A number from 0 on that must be there. */
  amount(kind: 'whole' | 'any'): number {
    const fits = kind === 'whole' ? Number.isSafeInteger(this.value) : Number.isFinite(this.value);
    if (typeof this.value === 'number' && fits && this.value >= 0) return this.value;
    this.wrong(`must be a ${kind === 'whole' ? 'whole ' : ''}number from 0 on, not ${told(this.value)}`);
    return 0;
  }

  /** Milliseconds of a duration; `undefined` where it is absent. */
  duration(): number | undefined {
    if (this.isAbsent) return undefined;
    const milliseconds = this.value === 0 ? 0 : parseDuration(typeof this.value === 'string' ? this.value : '');
    if (milliseconds === undefined) this.wrong(`must be a duration such as 1m30s or 250ms, not ${told(this.value)}`);
    return milliseconds;
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function told(value: unknown): string {
  if (value === undefined) return 'absent';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : JSON.stringify(value);
}

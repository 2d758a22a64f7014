import { isJsonObject } from '../json.ts';
import type { FieldPath } from '../object.ts';
import type { Violation, ViolationReason } from './violation.ts';

/** An unknown JSON value at a known place, read field by field; what is wrong is collected, nothing is thrown. */
export class Reader {
  readonly value: unknown;
  readonly path: FieldPath;
  readonly #violations: Violation[];

  constructor(value: unknown, path: FieldPath, violations: Violation[]) {
    this.value = value;
    this.path = path;
    this.#violations = violations;
  }

  get present(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** Notes what is wrong here. */
  report(reason: ViolationReason, message: string): undefined {
    this.#violations.push({ reason, path: this.path, message });
    return undefined;
  }

  /** The field of an object; an absent one reads as `undefined` with its place known. */
  field(name: string): Reader {
    const value = isJsonObject(this.value) && Object.hasOwn(this.value, name) ? this.value[name] : undefined;
    return new Reader(value, [...this.path, name], this.#violations);
  }

  /** Another value in the place of this one, which was written elsewhere. */
  of(value: unknown, path: FieldPath): Reader {
    return new Reader(value, path, this.#violations);
  }

  /** The items of a list; an absent list has none, anything else is a violation. */
  items(): Reader[] {
    if (!this.present) return [];
    if (!Array.isArray(this.value)) {
      this.report(
        'InvalidField',
        `${this.#name} must be a list, not ${typeName(this.value)}; write its items with a leading "- ".`,
      );
      return [];
    }
    return this.value.map((item, index) => new Reader(item, [...this.path, index], this.#violations));
  }

  /** Whether this is an object; reports when it is absent or something else. */
  isObject(): boolean {
    if (isJsonObject(this.value)) return true;
    this.report(
      'InvalidField',
      this.present
        ? `${this.#name} must be an object, not ${typeName(this.value)}.`
        : `${this.#name} is required; add it.`,
    );
    return false;
  }

  /** A string that must be there and not be empty. */
  requiredString(): string | undefined {
    if (!this.present || this.value === '') return this.report('InvalidField', `${this.#name} is required; name it.`);
    return this.optionalString();
  }

  optionalString(): string | undefined {
    if (!this.present) return undefined;
    if (typeof this.value === 'string') return this.value;
    const hint = typeof this.value === 'object' ? '' : '; put it in quotes';
    return this.report('InvalidField', `${this.#name} must be a string, not ${typeName(this.value)}${hint}.`);
  }

  /** True or false; absent reads as `undefined`. */
  optionalBoolean(): boolean | undefined {
    if (!this.present) return undefined;
    if (typeof this.value === 'boolean') return this.value;
    return this.report('InvalidField', `${this.#name} must be true or false, not ${typeName(this.value)}.`);
  }

  /** A map of strings, as labels are; absent reads as `undefined`, and so does one of which any value is something else. */
  optionalStringMap(): Readonly<Record<string, string>> | undefined {
    if (!this.present || !this.isObject()) return undefined;
    const values = Object.keys(this.value as object).map(key => this.field(key).requiredText());
    return values.includes(undefined) ? undefined : (this.value as Readonly<Record<string, string>>);
  }

  /** A string that must be there and may be empty. */
  requiredText(): string | undefined {
    return this.present ? this.optionalString() : this.report('InvalidField', `${this.#name} is required; write it.`);
  }

  /** A port number that must be there, 1 to 65535. */
  requiredPort(): number | undefined {
    return this.present ? this.optionalPort() : this.report('InvalidField', `${this.#name} is required; write it.`);
  }

  /** A port number, 1 to 65535; absent reads as `undefined`. */
  optionalPort(): number | undefined {
    if (!this.present) return undefined;
    const port = this.value;
    if (typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
    return this.report(
      'InvalidField',
      `${this.#name} must be a port number from 1 to 65535, not ${JSON.stringify(port)}.`,
    );
  }

  /** Warns of fields that the kind does not have, naming those that it has. */
  knows(fields: readonly string[]): void {
    if (!isJsonObject(this.value)) return;
    for (const name of Object.keys(this.value)) {
      if (fields.includes(name)) continue;
      this.field(name).report(
        'UnknownField',
        `${name} is not a field here and is ignored; there are ${fields.join(', ')}.`,
      );
    }
  }

  get #name(): string {
    const last = this.path.at(-1);
    return typeof last === 'number' ? `item ${last} of ${String(this.path.at(-2))}` : (last ?? 'the object');
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value)}`;
}

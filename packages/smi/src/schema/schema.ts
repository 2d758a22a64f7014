/**
 * The form of a field, from which its TypeScript type and its place in a CustomResourceDefinition are made. A field is
 * required unless it is `optional`.
 */
export type Schema =
  | TextSchema
  | WholeSchema
  | DurationSchema
  | ChoiceSchema
  | BooleanSchema
  | ListSchema
  | MapSchema
  | RecordSchema
  | EitherSchema
  | ReferenceSchema;

interface Field {
  /** One sentence or more; says what absence means. */
  readonly description: string;
  readonly optional?: true;
  readonly nullable?: true;
}

/** Text, perhaps of a certain form. */
export interface TextSchema extends Field {
  readonly type: 'text';
  readonly minLength?: number;
  readonly maxLength?: number;
  /** In the dialect of the API server (RE2). */
  readonly pattern?: string;
  /** All there is. */
  readonly values?: readonly string[];
  /** How `pattern` is told to people. */
  readonly said?: string;
  /** A moment, as RFC 3339 writes it. */
  readonly format?: 'date-time';
}

/** A whole number. */
export interface WholeSchema extends Field {
  readonly type: 'whole';
  readonly minimum?: number;
  readonly maximum?: number;
}

/** A time as text: `1.5s`, `1m30s`, `7d`. */
export interface DurationSchema extends Field {
  readonly type: 'duration';
  /** The shortest and the longest, written the same way. */
  readonly minimum: string;
  readonly maximum: string;
}

/** One word of a few, which is also its TypeScript type. */
export interface ChoiceSchema extends Field {
  readonly type: 'choice';
  readonly choices: readonly string[];
}

/** True or false. */
export interface BooleanSchema extends Field {
  readonly type: 'boolean';
}

/** A list, in which the order is kept. */
export interface ListSchema extends Field {
  readonly type: 'list';
  readonly items: Schema;
  readonly minItems?: number;
  /** The field that tells items apart, where the API server is to merge them by it. */
  readonly key?: string;
}

/** Any names, each with a value of one form. */
export interface MapSchema extends Field {
  readonly type: 'map';
  readonly values: Schema;
}

/** Named fields. */
export interface RecordSchema extends Field {
  readonly type: 'record';
  /** The name of its TypeScript interface; unique within a group and version. */
  readonly name: string;
  readonly fields: Fields;
}

/** One of several forms, which a CustomResourceDefinition can't say: it takes anything there. */
export interface EitherSchema extends Field {
  readonly type: 'either';
  readonly typescript: string;
}

/** A reference to an object of whatever kind, as Kubernetes' core has it. */
export interface ReferenceSchema extends Field {
  readonly type: 'reference';
}

/** Fields by name, in the order of documentation. */
export type Fields = Readonly<Record<string, Schema>>;

type Rest<Of extends Schema> = Omit<Of, 'type' | 'description'>;

/** The schema of text. */
export function text(description: string, rest: Rest<TextSchema> = {}): TextSchema {
  return { type: 'text', description, ...rest };
}

/** The schema of a whole number. */
export function whole(description: string, rest: Rest<WholeSchema> = {}): WholeSchema {
  return { type: 'whole', description, ...rest };
}

/** The schema of a time. */
export function duration(description: string, minimum: string, maximum: string): DurationSchema {
  return { type: 'duration', description, minimum, maximum };
}

/** The schema of one word of a few. */
export function choice(description: string, choices: readonly string[]): ChoiceSchema {
  return { type: 'choice', description, choices };
}

/** The schema of a list. */
export function list(description: string, items: Schema, rest: Omit<Rest<ListSchema>, 'items'> = {}): ListSchema {
  return { type: 'list', description, items, ...rest };
}

/** The schema of named fields; `name` is that of its TypeScript interface. */
export function record(name: string, description: string, fields: Fields): RecordSchema {
  return { type: 'record', name, description, fields };
}

/** The same schema for a field that may be absent. */
export function optional<Of extends Schema>(schema: Of): Of {
  return { ...schema, optional: true };
}

/** A message of proto3 JSON; every field of it must be one that the walk understands. */
export type Message<Field extends string> = Readonly<Partial<Record<Field, unknown>>>;

/** Takes a value as a message; throws on a field that is not among `known`, since ignoring it could change the answer. */
export function message<Field extends string>(value: unknown, what: string, known: readonly Field[]): Message<Field> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no message`);
  for (const name of Object.keys(value)) {
    if (!(known as readonly string[]).includes(name)) throw new Error(`the walk does not know ${what}.${name}`);
  }
  return value as Message<Field>;
}

/** The full name of the message inside a typed configuration. */
export function typeOf(value: unknown): string {
  const type = (value as { '@type'?: string } | undefined)?.['@type'];
  if (type === undefined) throw new Error('a typed configuration has no @type');
  return type.slice(type.lastIndexOf('/') + 1);
}

/** Takes a typed configuration as a message of one type. */
export function typedMessage<Field extends string>(
  value: unknown,
  type: string,
  known: readonly Field[],
): Message<Field> {
  if (typeOf(value) !== type) throw new Error(`expected ${type}, not ${typeOf(value)}`);
  const { '@type': _, ...fields } = value as Record<string, unknown>;
  return message(fields, type, known);
}

/** A list; an absent one is empty. */
export function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${JSON.stringify(value)} is no list`);
  return value;
}

/** A string that must be there. */
export function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is no string: ${JSON.stringify(value)}`);
  return value;
}

/** A JSON object: named values of any form. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value is a JSON object, neither null nor a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON in which the order of names says nothing: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item ?? null)).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  const fields = Object.keys(value).filter(name => value[name] !== undefined);
  return `{${fields
    .toSorted()
    .map(name => `${JSON.stringify(name)}:${canonicalJson(value[name])}`)
    .join(',')}}`;
}

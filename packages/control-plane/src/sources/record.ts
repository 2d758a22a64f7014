/** A map as JSON and YAML give it. */
export interface JsonRecord {
  readonly [field: string]: unknown;
}

/** Whether a value is a map: neither a list nor null. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is a map, else an empty one. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : {};
}

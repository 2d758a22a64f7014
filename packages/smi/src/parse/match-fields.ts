import { compileRegex } from '../regex.ts';
import type { Reader } from './reader.ts';

/** Stands for a field that is there and can't be read. */
export const unreadable = Symbol('unreadable');

/** An RE2 pattern over bytes (T6); absent reads as `undefined`. */
export function parseRegex(reader: Reader): string | undefined | typeof unreadable {
  if (!reader.present) return undefined;
  const pattern = reader.optionalString();
  if (pattern === undefined) return unreadable;
  const compiled = pattern === '' ? undefined : compileRegex(pattern);
  if (compiled !== undefined && 'error' in compiled) {
    const at = compiled.position === undefined ? '' : ` at character ${compiled.position + 1}`;
    reader.report(
      'InvalidRegex',
      `${JSON.stringify(pattern.slice(0, 80))} is not a valid RE2 pattern${at}: ${compiled.error}.`,
    );
    return unreadable;
  }
  return pattern;
}

/** A list of methods (T7); absent reads as `undefined`. */
export function parseMethods(reader: Reader): string[] | undefined | typeof unreadable {
  if (!reader.present) return undefined;
  if (!Array.isArray(reader.value)) {
    reader.items();
    return unreadable;
  }
  const methods: string[] = [];
  let invalid = false;
  for (const item of reader.items()) {
    const method = item.requiredString();
    if (method === undefined) invalid = true;
    else if (/^(\*|[!#$%&'*+.^_`|~0-9A-Za-z-]+)$/.test(method)) methods.push(method);
    else {
      item.report(
        'InvalidMethod',
        `${JSON.stringify(method)} is not an HTTP method; write a token such as GET, or "*".`,
      );
      invalid = true;
    }
  }
  return invalid ? unreadable : methods;
}

import { RE2JS, RE2JSSyntaxException } from 're2js';

/** The longest pattern that is accepted, in characters (T6). */
export const maxRegexLength = 2048;

/** The largest compiled program that is accepted, in instructions (T6). */
export const maxRegexProgramSize = 10_000;

/** A compiled RE2 pattern over bytes. */
export interface Regex {
  /** As it was written. */
  readonly pattern: string;
  /** What matches a text as a whole where `matches` says that it does. */
  readonly source: string;
  /** Whether the pattern matches the text, all of it or its start; each character of a text stands for one byte. */
  matches(text: string): boolean;
}

/** What of a text a pattern must match: all of it, or its start. */
export type RegexAnchor = 'full' | 'start';

/** Why a pattern was refused, and where in it (counted from 0) when that is known. */
export interface RegexError {
  readonly error: string;
  readonly position?: number;
}

/**
 * Compiles an RE2 pattern as Envoy reads it: the bytes of its UTF-8, each a character, and `.` is any byte but a newline: `é`
 * matches `é`, but `[é]` one byte of it. It must match whole texts, or their start where `anchor` says so; what is accepted
 * is the same. Never throws; what is too long, too large or not RE2 comes back as an error (T6).
 */
export function compileRegex(pattern: string, anchor: RegexAnchor = 'full'): Regex | RegexError {
  if (pattern.length > maxRegexLength) {
    return { error: `it is ${pattern.length} characters long, ${maxRegexLength} are allowed` };
  }
  const wide = /[\u0100-\u{10ffff}]/u.exec(pattern);
  if (wide !== null) {
    return { error: `character ${JSON.stringify(wide[0])} is more than one byte`, position: wide.index };
  }
  const unportable = findUnportable(pattern);
  if (unportable !== undefined) return unportable;
  try {
    const nested = nestsRepetitions(pattern);
    if (nested !== undefined) return nested;
    // What is accepted under one anchor is so under the other, whose parentheses are one more.
    if (anchor === 'full' && pattern.split('(').length > manyParentheses) RE2JS.compile(wireText(startOf(pattern)));
    const source = anchor === 'full' ? pattern : startOf(pattern);
    const compiled = RE2JS.compile(wireText(source));
    if (compiled.programSize() > maxRegexProgramSize + (anchor === 'full' ? 0 : startSize)) {
      return { error: `it compiles to ${compiled.programSize()} instructions, ${maxRegexProgramSize} are allowed` };
    }
    return { pattern, source, matches: text => compiled.matches(text) };
  } catch (cause) {
    return regexError(pattern, cause);
  }
}

/** Repetitions within a `{0}`, which RE2JS doesn't look at: Envoy's RE2 refuses them where they multiply to more than 1,000. */
function nestsRepetitions(pattern: string): RegexError | undefined {
  if (!/\{0+(?:,0+)?\}/.test(pattern)) return undefined;
  try {
    RE2JS.compile(wireText(pattern.replace(/\{0+(?:,0+)?\}/g, '{1}')));
  } catch (cause) {
    if (cause instanceof RE2JSSyntaxException && /repe/.test(cause.error)) return regexError(pattern, cause);
  }
  return undefined;
}

/** RE2 refuses what nests deeper than 1,000 levels. */
const manyParentheses = 900;

/** Instructions that `startOf` may add. */
const startSize = 8;

/** The pattern that matches whole texts of which another one matches the start. Literal text that no \\E ends is ended. */
function startOf(pattern: string): string {
  const last = [...pattern.matchAll(escapes)].at(-1)?.[0] ?? '';
  const end = last.startsWith('\\Q') && !last.endsWith('\\E') ? '\\E' : '';
  return `(?:${pattern}${end})(?s:.*)`;
}

/** Every escape of a pattern, and literal text between \\Q and \\E as one. */
const escapes = /\\Q.*?(?:\\E|$)|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\./gsu;

/** Classes of Unicode that both know and of which a byte can be: general categories, and the scripts of Latin-1. */
const classOfBytes =
  /^\\[pP](?:[CLMNPSZ]|\{\^?(?:Any|Common|Latin|C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)\})$/;

/** Where RE2JS takes what Envoy's RE2, which reads Latin-1, refuses: `\C`, code points above one byte, newer Unicode classes. */
function findUnportable(pattern: string): RegexError | undefined {
  for (const { 0: escape, index: position } of pattern.matchAll(escapes)) {
    if (/^\\[pP]/.test(escape) && !classOfBytes.test(escape)) {
      return {
        error: `${escape} is not a class of bytes; there are general categories, such as \\p{Lu}, and \\p{Latin}`,
        position,
      };
    }
    if (escape === '\\C' || /^\\x\{0*[1-9a-fA-F][0-9a-fA-F]{2,}\}$/.test(escape)) {
      return { error: `${escape} is not portable`, position };
    }
  }
  return undefined;
}

/** A text as it is on the wire, in UTF-8, each byte a character: what regular expressions match (T6). */
export function wireText(text: string): string {
  const escaped = encodeURIComponent(text.toWellFormed());
  return escaped.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function regexError(pattern: string, cause: unknown): RegexError {
  if (!(cause instanceof RE2JSSyntaxException)) return { error: 'it is not an RE2 pattern' };
  const position = cause.input ? pattern.indexOf(cause.input) : -1;
  return position < 0 ? { error: cause.error } : { error: cause.error, position };
}

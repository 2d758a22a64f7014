import { RE2JS, RE2JSException } from 're2js';

/** The longest pattern and the largest compiled program that the mesh takes. */
const limits = { characters: 2048, instructions: 10_000 };

/** A compiled pattern for paths. */
export interface PathPattern {
  /** Whether it matches the whole path, as that is on the wire. */
  matches(path: string): boolean;
}

/**
 * Compiles an RE2 pattern for paths; linear in time, whatever the path. On the wire a path is ASCII, so what a pattern
 * says of other characters it says percent-encoded. What is too long, too large or no RE2 comes back as an error.
 */
export function compilePathPattern(pattern: string): PathPattern | { readonly error: string } {
  if (pattern.length > limits.characters)
    return { error: `is ${pattern.length} characters long, ${limits.characters} are allowed` };
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > limits.instructions)
      return { error: `compiles to ${compiled.programSize()} instructions, ${limits.instructions} are allowed` };
    return { matches: path => compiled.matches(path) };
  } catch (cause) {
    if (cause instanceof RE2JSException)
      return { error: `is not RE2: ${cause.message.replace('error parsing regexp: ', '')}` };
    throw cause;
  }
}

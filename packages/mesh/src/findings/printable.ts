/**
 * Text that may be shown on a terminal: control characters, which could clear it or write over what was said before, marks
 * that turn the direction of writing, and halves of characters stand as `\u{1b}`.
 */
export function printable(text: string): string {
  return text.replace(unprintable, character => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

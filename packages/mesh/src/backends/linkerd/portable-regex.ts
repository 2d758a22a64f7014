/**
 * Whether a pattern of RE2 is read alike by Rust's `regex`, which Linkerd's proxy has
 * (https://docs.rs/regex/latest/regex/#syntax): literal text between \Q and \E, a brace that repeats nothing, and classes
 * that hold a bracket or what Rust takes for operations on sets are not. Of printable ASCII both find the same.
 */
export function isPortable(pattern: string): boolean {
  return /^[ -~]*$/.test(pattern) && pattern.replaceAll(portable, '') === '';
}

const portable =
  /\\[dDwWsSbBnrtfvAz]|\\[^0-9A-Za-z]|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\[dDwWsSnrtfv]|\\[^0-9A-Za-z]|(?!&&|--|~~)[^[\]\\])*\]|\{\d+(?:,\d*)?\}|\(\?[ims]*:|[^\\[\]{}]/g;

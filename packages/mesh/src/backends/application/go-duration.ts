const units = [
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** Milliseconds as Go writes a duration, without its parts that are zero: `1h`, `1m30s`, `1.5s`, `300ms`. */
export function goDuration(milliseconds: number): string {
  let rest = milliseconds;
  let text = '';
  for (const [unit, size] of units) {
    if (rest >= size) text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  if (rest >= 1000) return `${text}${rest / 1000}s`;
  return rest > 0 || text === '' ? `${text}${rest}ms` : text;
}

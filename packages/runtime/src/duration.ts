/** Milliseconds in each unit, as Go names them; both micro signs are read. */
const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * The milliseconds of a duration as Go writes and reads it: `1m30s`, `250ms`, `1.5h`, `0` (Go's `time.ParseDuration`, but
 * without a sign: no setting of the mesh is negative). `undefined` for anything else.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  let milliseconds = 0;
  let read = 0;
  part.lastIndex = 0;
  for (let found = part.exec(text); found !== null; found = part.exec(text)) {
    milliseconds += Number(found[1]) * (units[found[2] ?? ''] ?? Number.NaN);
    read = part.lastIndex;
  }
  return read === text.length && read > 0 ? milliseconds : undefined;
}

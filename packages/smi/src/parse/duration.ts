const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest time that can be written: a day. */
const maxDuration = 24 * 3_600_000;

/** Reads `1.5s`, `300ms`, `1m30s`: milliseconds, more than 0, at most a day, rounded up; `undefined` for anything else. */
export function readDuration(text: string): number | undefined {
  if (text.length > 64 || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    sum += Number(count) * (units[unit] ?? 0);
  return sum > 0 && sum <= maxDuration ? Math.ceil(sum) : undefined;
}

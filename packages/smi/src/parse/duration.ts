const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest time that can be written unless a longer one is asked for: a day. */
const longestUsual = 24 * 3_600_000;

/** What a time looks like, in the dialect of the API server. */
export const durationPattern = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$';

/** Reads `1.5s`, `300ms`, `1m30s`, `7d`: milliseconds, more than 0, at most `longest`, rounded up; `undefined` for anything else. */
export function readDuration(text: string, longest = longestUsual): number | undefined {
  if (text.length > 64 || !/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    sum += Number(count) * (units[unit] ?? 0);
  return sum > 0 && sum <= longest ? Math.ceil(sum) : undefined;
}

/** An exact number: `500m` is 1/2. */
export interface Quantity {
  readonly numerator: bigint;
  /** More than zero. */
  readonly denominator: bigint;
}

/** What a suffix multiplies by: powers of ten, and of two. */
const suffixes: ReadonlyMap<string, readonly [base: bigint, exponent: number]> = new Map([
  ['n', [10n, -9]],
  ['u', [10n, -6]],
  ['m', [10n, -3]],
  ['', [10n, 0]],
  ['k', [10n, 3]],
  ['M', [10n, 6]],
  ['G', [10n, 9]],
  ['T', [10n, 12]],
  ['P', [10n, 15]],
  ['E', [10n, 18]],
  ['Ki', [2n, 10]],
  ['Mi', [2n, 20]],
  ['Gi', [2n, 30]],
  ['Ti', [2n, 40]],
  ['Pi', [2n, 50]],
  ['Ei', [2n, 60]],
]);

/** Longer texts are no weights, and would only cost time. */
const maxLength = 64;
const maxExponent = 64;

/**
 * Reads a Kubernetes quantity, written as a number or as text: `100`, `0.5`, `500m`, `1k`, `1Ki`, `1e3` (V3).
 * `undefined` for anything else, negative ones included (S3).
 */
export function readQuantity(value: unknown): Quantity | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const text = String(value);
  if (text.length > maxLength) return undefined;
  const match = /^\+?(\d*)(?:\.(\d*))?([a-zA-Z]{0,2}|[eE][+-]?\d+)$/.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = '', suffix = ''] = match;
  const scale = scaleOf(suffix);
  if (scale === undefined || whole + fraction === '') return undefined;
  const [base, exponent] = scale;
  const digits = BigInt(whole + fraction);
  const up = exponent > 0 ? base ** BigInt(exponent) : 1n;
  const down = (exponent < 0 ? base ** BigInt(-exponent) : 1n) * 10n ** BigInt(fraction.length);
  const divisor = greatestCommonDivisor(digits * up, down);
  return { numerator: (digits * up) / divisor, denominator: down / divisor };
}

function scaleOf(suffix: string): readonly [bigint, number] | undefined {
  const known = suffixes.get(suffix);
  if (known !== undefined || !/^[eE][+-]?\d+$/.test(suffix)) return known;
  const exponent = Number(suffix.slice(1));
  return Math.abs(exponent) <= maxExponent ? [10n, exponent] : undefined;
}

/**
 * Whole weights in the proportions of quantities (V3). Whole quantities stay the numbers that they are, since rollout
 * tools read them as percentages (V4); where one is not, all are multiplied by the least common multiple of the
 * denominators and divided by the greatest common divisor. Only what no whole number of 53 bits can hold is rounded
 * down, and then never to zero.
 */
export function wholeWeights(quantities: readonly Quantity[]): number[] {
  const multiple = quantities.reduce((all, { denominator }) => leastCommonMultiple(all, denominator), 1n);
  const scaled = quantities.map(({ numerator, denominator }) => (numerator * multiple) / denominator);
  const common = multiple === 1n ? 1n : scaled.reduce(greatestCommonDivisor, 0n) || 1n;
  const largest = scaled.reduce((most, weight) => (weight > most ? weight : most), 0n) / common;
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  const excess = largest > limit ? (largest + limit - 1n) / limit : 1n;
  return scaled.map(weight => (weight === 0n ? 0 : Math.max(1, Number(weight / common / excess))));
}

function leastCommonMultiple(a: bigint, b: bigint): bigint {
  return (a / greatestCommonDivisor(a, b)) * b;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

import { type Command, InvalidArgumentError, Option } from 'commander';

/** How an answer is written. */
export type OutputFormat = 'text' | 'json' | 'yaml';

/** `-f`: which manifests a command reads; one that can read something else instead says so as `otherwise`. */
export function fileOption(otherwise?: string): Option {
  const meaning = 'manifests: files, folders with all below them, or - for standard input; can be repeated';
  if (otherwise !== undefined) return new Option('-f, --file <path...>', `${meaning}; absent: ${otherwise}`);
  return new Option('-f, --file <path...>', meaning).makeOptionMandatory();
}

/** `-o`: how the answer is written. */
export function outputOption(
  formats: readonly OutputFormat[] = ['text', 'json', 'yaml'],
  meaning = 'how to write the answer',
): Option {
  return new Option('-o, --output <format>', meaning).choices(formats).default(formats[0]);
}

/** Shows examples below the help of a command. */
export function addExamples(command: Command, examples: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${examples.map(example => `  ${example}`).join('\n')}`);
  examplesOf.set(command, examples);
}

/** The examples of each command, for the reference page. */
export const examplesOf = new WeakMap<Command, readonly string[]>();

/** Reads one more `name: value`, as a header is written, for an option that can be repeated. */
export function readHeader(
  text: string,
  previous: readonly (readonly [string, string])[] = [],
): (readonly [string, string])[] {
  const match = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*:(.*)$/s.exec(text);
  if (match === null) throw new InvalidArgumentError('A header is written as "name: value".');
  return [...previous, [match[1] ?? '', (match[2] ?? '').trim()]];
}

/** A reader of option values: whole numbers in a range. */
export function whole(least: number, most: number): (text: string) => number {
  return text => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** `--metrics-port`: where a controller tells what it counts. */
export function metricsPortOption(): Option {
  return new Option(
    '--metrics-port <port>',
    'loopback port for /metrics, /healthz and /readyz; where it is taken, the next free one',
  )
    .argParser(whole(1, 65_535))
    .default(8080);
}

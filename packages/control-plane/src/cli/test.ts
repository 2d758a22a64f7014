import type { Verdict } from '@heddle/mesh';
import { formatPath } from '@heddle/smi';
import type { Traffic, TrafficCall } from '../traffic/traffic.ts';
import { type CliCommand, type CommandContext, UsageError } from './cli-command.ts';
import type { LoadedMesh } from './load-mesh.ts';
import { addExamples, fileOption, type OutputFormat, outputOption } from './options.ts';
import { painter } from './paint.ts';

interface TestOptions {
  readonly file: readonly string[];
  readonly output: OutputFormat;
}

/** `heddle test`: the calls of Traffic objects, asked of the policy alone. */
export const testCommand: CliCommand = {
  name: 'test',
  group: 'Check and explain:',
  configure: command => {
    command
      .description(
        'Ask the policy what becomes of every call that objects of kind Traffic describe, and compare with what they expect. ' +
          'Nothing is started. Ends with exit code 1 when a call would see something else.',
      )
      .summary('check the calls of Traffic objects against the policy')
      .addOption(fileOption())
      .addOption(outputOption());
    addExamples(command, ['heddle test -f examples/bookstore']);
  },
  run: async (context, command) => {
    const options = command.opts<TestOptions>();
    const mesh = await (await import('./load-mesh.ts')).loadMesh(options.file, context);
    const calls = callsOf(mesh, options.file);
    const [{ warnOfErrors }, results] = await Promise.all([import('./show-findings.ts'), judge(mesh, calls)]);
    warnOfErrors(mesh, context);
    if (options.output === 'text') showText(context, results);
    else {
      const { writeStructured } = await import('./write-structured.ts');
      await writeStructured(context.stdout, options.output, results);
    }
    return results.every(({ ok }) => ok) ? 0 : 1;
  },
};

/** What one call is expected to see, and would see. */
interface CallResult {
  readonly traffic: string;
  readonly name: string;
  readonly ok: boolean;
  readonly expected: string;
  /** Null where there is no one answer. */
  readonly seen: string | null;
  /** What differs; empty when `ok`. */
  readonly differences: readonly string[];
  /** Why the policy answers so, in one sentence. */
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
}

function callsOf({ traffic }: LoadedMesh, paths: readonly string[]): readonly (TrafficCall & { traffic: string })[] {
  if (traffic.length === 0) throw new UsageError(`There is no object of kind Traffic in ${paths.join(', ')}.`);
  const problems = traffic.flatMap(problemLines);
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return traffic.flatMap(({ name, calls }) => calls.map(call => ({ ...call, traffic: name })));
}

function problemLines({ name, source, problems }: Traffic): string[] {
  return problems.map(({ path, message }) => {
    const place = source.locate?.(path);
    const where = place === undefined ? '' : `${place.file}:${place.line}:${place.column} `;
    return `${where}Traffic ${name} ${formatPath(path)}: ${message}`;
  });
}

async function judge(
  { model }: LoadedMesh,
  calls: readonly (TrafficCall & { traffic: string })[],
): Promise<CallResult[]> {
  const [{ decide, DependsOnPod }, compare] = await Promise.all([
    import('@heddle/mesh'),
    import('../traffic/compare.ts'),
  ]);
  return calls.map(({ traffic, name, call, expect, source, path }) => {
    const { file = null, line = null } = source.locate?.(path) ?? {};
    const about = { traffic, name, expected: compare.describeExpectation(expect), file, line };
    let verdict: Verdict;
    try {
      verdict = decide(model, call);
    } catch (error) {
      if (!(error instanceof DependsOnPod)) throw error;
      return { ...about, ok: false, seen: null, differences: ['no single answer'], message: error.message };
    }
    const seen = compare.outcomeOf(verdict);
    const differences = compare.differences(expect, seen);
    return {
      ...about,
      ok: differences.length === 0,
      seen: compare.describeOutcome(seen, expect),
      differences,
      message: verdict.message,
    };
  });
}

function showText({ stdout, stderr, config }: CommandContext, results: readonly CallResult[]): void {
  const paint = painter(stdout, config);
  for (const { ok, name, expected, seen, message, file, line } of results) {
    const mark = ok ? paint('green', 'ok  ') : paint(['bold', 'red'], 'FAIL');
    stdout.write(`${mark} ${name}: expected ${expected}; seen ${seen ?? 'no single answer'}\n`);
    if (!ok) stdout.write(`     ${message}${file === null ? '' : ` (${file}:${line})`}\n`);
  }
  const failed = results.filter(({ ok }) => !ok).length;
  stderr.write(`${results.length} calls, ${results.length - failed} ok, ${failed} failed\n`);
}

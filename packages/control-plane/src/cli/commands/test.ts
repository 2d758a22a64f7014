import type { Verdict } from '@heddle/mesh';
import type { CliCommand } from '../cli-command.ts';
import type { LoadedMesh } from '../files/load-mesh.ts';
import type { CallResult, NamedCall } from '../files/mesh-calls.ts';
import { addExamples, fileOption, type OutputFormat, outputOption } from '../options.ts';

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
    const [{ loadMesh }, { callsOf, showResults }, { warnOfErrors }] = await Promise.all([
      import('../files/load-mesh.ts'),
      import('../files/mesh-calls.ts'),
      import('../output/show-findings.ts'),
    ]);
    const mesh = await loadMesh(options.file, context);
    const results = await judge(mesh, callsOf(mesh, options.file));
    warnOfErrors(mesh, context);
    if (options.output === 'text') showResults(context, results);
    else {
      const { writeStructured } = await import('../output/write-structured.ts');
      await writeStructured(context.stdout, options.output, results);
    }
    return results.every(({ ok }) => ok) ? 0 : 1;
  },
};

async function judge({ model }: LoadedMesh, calls: readonly NamedCall[]): Promise<CallResult[]> {
  const [{ decide, DependsOnPod }, compare, { placeOf }] = await Promise.all([
    import('@heddle/mesh'),
    import('../../traffic/compare.ts'),
    import('../files/mesh-calls.ts'),
  ]);
  return calls.map(named => {
    const { traffic, name, call, expect } = named;
    const about = { traffic, name, expected: compare.describeExpectation(expect), ...placeOf(named) };
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

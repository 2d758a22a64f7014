import type { Finding } from '@heddle/mesh';
import type { CliCommand, ExitCode } from '../cli-command.ts';
import { addExamples, fileOption, type OutputFormat, outputOption } from '../options.ts';
import { painter } from '../output/paint.ts';

interface ValidateOptions {
  readonly file: readonly string[];
  readonly output: OutputFormat;
  readonly strict?: boolean;
}

/** `heddle validate`: everything that is wrong with manifests, as a compiler would say it. */
export const validateCommand: CliCommand = {
  name: 'validate',
  group: 'Check and explain:',
  configure: command => {
    command
      .description(
        'Report everything that is wrong with manifests: their shape, what they refer to, what they contradict, and what of ' +
          'them has no effect. One finding a line on standard output, a summary on standard error.',
      )
      .summary('report everything that is wrong with manifests')
      .addOption(fileOption())
      .addOption(outputOption())
      .option('--strict', 'end with exit code 1 for a warning too');
    addExamples(command, [
      'heddle validate -f policy/',
      'kubectl get all,endpointslices,traffictargets -A -o yaml | heddle validate -f -',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<ValidateOptions>();
    const [{ loadMesh }, { findingLine, summaryLine, viewFinding }] = await Promise.all([
      import('../files/load-mesh.ts'),
      import('../output/show-findings.ts'),
    ]);
    const { findings, objects } = await loadMesh(options.file, context);
    if (options.output === 'text') {
      const paint = painter(context.stdout, context.config);
      context.stdout.write(findings.map(finding => `${findingLine(finding, paint)}\n`).join(''));
      context.stderr.write(`${summaryLine(objects.length, findings)}\n`);
    } else {
      const { writeStructured } = await import('../output/write-structured.ts');
      await writeStructured(context.stdout, options.output, findings.map(viewFinding));
    }
    return exitCodeFor(findings, options.strict === true);
  },
};

function exitCodeFor(findings: readonly Finding[], strict: boolean): ExitCode {
  return findings.some(({ severity }) => severity === 'error' || (strict && severity === 'warning')) ? 1 : 0;
}

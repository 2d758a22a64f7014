import type { Finding, Manifest } from '@heddle/mesh';
import { Option } from 'commander';
import type { CliCommand, CommandContext, ExitCode } from '../cli-command.ts';
import { addExamples, fileOption } from '../options.ts';
import { painter } from '../output/paint.ts';

interface TranslateOptions {
  readonly file: readonly string[];
  readonly to: (typeof translationTargets)[number];
  readonly strict?: boolean;
  readonly out?: string;
}

/** What `--to` takes. */
export const translationTargets = ['gateway-api', 'istio', 'linkerd'] as const;

/** `heddle translate`: the same policy as objects of another mesh. */
export const translateCommand: CliCommand = {
  name: 'translate',
  group: 'Check and explain:',
  configure: command => {
    command
      .description(
        'Write the policy of manifests as objects of another mesh, each below a comment that says where it came from. What the ' +
          'other mesh can not say is told on standard error, field by field; access that it can not bound as written stays closed.',
      )
      .summary('write policy as objects of another mesh')
      .addOption(fileOption())
      .addOption(new Option('--to <mesh>', 'whose objects to write').choices(translationTargets).makeOptionMandatory())
      .option(
        '--out <folder>',
        'write a file for each object below this folder, and remove those that are no longer made',
      )
      .option('--strict', 'write nothing, and end with exit code 1, where anything can not be said as it is meant');
    addExamples(command, [
      'heddle translate -f examples/bookstore --to istio',
      'heddle translate -f policy/ --to gateway-api --strict --out translated/',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<TranslateOptions>();
    const [{ loadMesh }, { renderers }] = await Promise.all([
      import('../files/load-mesh.ts'),
      import('../output/manifest-renderers.ts'),
    ]);
    const mesh = await loadMesh(options.file, context);
    const { output, findings } = renderers[options.to](mesh.model);
    const errors = mesh.findings.filter(({ severity }) => severity === 'error');
    const strict = options.strict === true;
    await report([...errors, ...findings.map(finding => (strict ? asError(finding) : finding))], context);
    const isRefused = errors.length > 0 || (strict && findings.some(isShortfall));
    if (!strict || !isRefused) await write(output, options, context);
    return isRefused ? 1 : (0 satisfies ExitCode);
  },
};

/** What holds whatever the implementation does is no reason to refuse. */
function isShortfall({ severity }: Finding): boolean {
  return severity !== 'info';
}

function asError(finding: Finding): Finding {
  return isShortfall(finding) ? { ...finding, severity: 'error' } : finding;
}

async function report(findings: readonly Finding[], { stderr, config }: CommandContext): Promise<void> {
  const { findingLine } = await import('../output/show-findings.ts');
  const paint = painter(stderr, config);
  for (const finding of findings) stderr.write(`${findingLine(finding, paint)}\n`);
}

async function write(
  manifests: readonly Manifest[],
  { out, to }: TranslateOptions,
  { stdout, stderr }: CommandContext,
): Promise<void> {
  const { fileMark, manifestFiles, manifestStream } = await import('../output/write-manifests.ts');
  if (out === undefined) {
    stdout.write(manifestStream(manifests));
    return;
  }
  const { replaceFiles } = await import('../files/replace-files.ts');
  const { written, unchanged, removed } = await replaceFiles(out, manifestFiles(manifests, to), fileMark);
  stderr.write(`${out}: ${written.length} written, ${unchanged} as they were, ${removed.length} removed\n`);
}

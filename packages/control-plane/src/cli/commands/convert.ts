import { groupOf, kinds } from '@heddle/smi';
import { type CliCommand, type CommandContext, type ExitCode, UsageError } from '../cli-command.ts';
import type { ManifestConversion } from '../files/convert-manifest.ts';
import { addExamples, fileOption, outputOption } from '../options.ts';
import { suggest } from '../suggest.ts';

interface ConvertOptions {
  readonly file: readonly string[];
  readonly to: string;
  readonly output: 'yaml' | 'json';
}

/** `heddle convert`: SMI objects in another version of their group. */
export const convertCommand: CliCommand = {
  name: 'convert',
  group: 'Check and explain:',
  configure: command => {
    command
      .description(
        'Write manifests with the SMI objects of one group in another version of it. Nothing is lost: what a version can not ' +
          'hold travels in the annotation heddle.dev/conversion and comes back. All other objects are written as they are; in YAML, ' +
          'order and comments stay. Where an object can not be converted, nothing is written, and the exit code is 1.',
      )
      .summary('write SMI objects in another version')
      .addOption(fileOption())
      .requiredOption('--to <version>', 'which version: GROUP/VERSION, as in apiVersion')
      .addOption(outputOption(['yaml', 'json']));
    addExamples(command, [
      'heddle convert -f split.yaml --to split.smi-spec.io/v1alpha2',
      'kubectl get traffictargets -A -o yaml | heddle convert -f - --to access.smi-spec.io/v1alpha4 > targets.yaml',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<ConvertOptions>();
    checkVersion(options.to);
    const [{ convertManifest }, { readTexts }] = await Promise.all([
      import('../files/convert-manifest.ts'),
      import('../files/read-texts.ts'),
    ]);
    const texts = await readTexts(options.file, context);
    const conversions = texts.map(({ file, text }) => convertManifest(file, text, options.to));
    return await write(conversions, options, context);
  },
};

/** The versions that objects can be converted to: those of the groups that are stored. */
function versionsKnown(): string[] {
  const stored = kinds.filter(({ group, versions }) => group.endsWith('.smi-spec.io') && versions.includes('v1alpha4'));
  return [
    ...new Set(stored.flatMap(({ group, versions }) => versions.map(version => `${group}/${version}`))),
  ].toSorted();
}

function checkVersion(to: string): void {
  const known = versionsKnown();
  if (known.includes(to)) return;
  const ofGroup = known.filter(version => groupOf(version) === groupOf(to));
  const listed = ` There are ${(ofGroup.length > 0 ? ofGroup : known).join(', ')}.`;
  throw new UsageError(
    `${to} is no version of SMI; --to is written as GROUP/VERSION.${suggest(to, ofGroup.length > 0 ? [] : known) || listed}`,
  );
}

async function write(
  conversions: readonly ManifestConversion[],
  { file, to, output }: ConvertOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const findings = conversions.flatMap(({ findings }) => findings);
  const { warnOf } = await import('../output/show-findings.ts');
  warnOf(findings, context);
  if (findings.some(({ severity }) => severity === 'error')) return 1;
  if (conversions.every(({ converted }) => converted === 0)) {
    throw new UsageError(`There is no object of ${groupOf(to)} in ${file.join(', ')}; nothing is converted.`);
  }
  const documents = conversions.flatMap(({ documents }) => documents);
  if (output === 'yaml') {
    context.stdout.write(documents.map(document => document.yaml()).join('---\n'));
    return 0;
  }
  const values = documents.map(({ value }) => value);
  const answer = values.length === 1 ? values[0] : { apiVersion: 'v1', kind: 'List', items: values };
  context.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return 0;
}

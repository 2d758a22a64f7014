import { type CliCommand, type CommandContext, UsageError } from '../cli-command.ts';
import { addExamples, fileOption } from '../options.ts';

interface InjectOptions {
  readonly file: readonly string[];
  readonly nativeSidecars: boolean;
  readonly sidecarImage?: string;
  readonly initImage?: string;
}

/** `heddle inject`: manifests with sidecars, for clusters where no webhook adds them. */
export const injectCommand: CliCommand = {
  name: 'inject',
  group: 'Kubernetes:',
  configure: command => {
    command
      .description(
        'Write manifests with a sidecar in every pod that they make, as the webhook of a cluster would add it. Namespaces are taken ' +
          'to be in the mesh; annotations of pods count. What makes no pods is written as it is; order and comments stay. Injecting ' +
          'twice changes nothing. Where an annotation can not be read, nothing is written, and the exit code is 1.',
      )
      .summary('write manifests with sidecars')
      .addOption(fileOption())
      .option('--no-native-sidecars', 'for clusters before Kubernetes 1.29: the sidecar as one more container')
      .option('--sidecar-image <image>', 'the image of the sidecar')
      .option('--init-image <image>', 'the image of what leads traffic to it');
    addExamples(command, ['heddle inject -f deployment.yaml | kubectl apply -f -']);
  },
  run: async (context, command) => {
    const options = command.opts<InjectOptions>();
    const [{ injectManifest }, { defaultInjection }, { heddleVersion }, { readTexts }] = await Promise.all([
      import('../files/inject-manifest.ts'),
      import('../../inject/settings.ts'),
      import('../heddle-version.ts'),
      import('../files/read-texts.ts'),
    ]);
    const { nativeSidecars, sidecarImage, initImage } = options;
    const settings = {
      ...defaultInjection(await heddleVersion()),
      nativeSidecars,
      ...(sidecarImage !== undefined && { sidecarImage }),
      ...(initImage !== undefined && { initImage }),
    };
    const texts = await readTexts(options.file, context);
    const injections = texts.map(({ text }) => injectManifest(text, settings));
    const problems = injections.flatMap(injection => injection.problems);
    for (const problem of problems) context.stderr.write(`${problem}\n`);
    if (problems.length > 0) return 1;
    write(injections, options, context);
    return 0;
  },
};

function write(
  injections: readonly { readonly documents: readonly string[]; readonly told: readonly string[] }[],
  { file }: InjectOptions,
  { stdout, stderr }: CommandContext,
): void {
  const told = injections.flatMap(injection => injection.told);
  if (told.length === 0) throw new UsageError(`Nothing in ${file.join(', ')} makes pods; nothing is injected.`);
  stdout.write(injections.flatMap(({ documents }) => documents).join('---\n'));
  for (const line of told) stderr.write(`${line}\n`);
}

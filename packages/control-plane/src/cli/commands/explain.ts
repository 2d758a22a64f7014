import type { Call, Verdict } from '@heddle/mesh';
import type { CliCommand, CommandContext } from '../cli-command.ts';
import { addCallOptions, type CallOptions, decideCall, readCall } from '../files/call-options.ts';
import { addExamples, fileOption, type OutputFormat, outputOption } from '../options.ts';
import { painter, type TextStyle } from '../output/paint.ts';
import type { TellLine } from '../output/tell.ts';

interface ExplainOptions extends CallOptions {
  readonly file: readonly string[];
  readonly output: OutputFormat;
}

/** `heddle explain`: what becomes of one call, and which line of YAML decides it. */
export const explainCommand: CliCommand = {
  name: 'explain',
  group: 'Check and explain:',
  configure: command => {
    command
      .description(
        'Say what becomes of one call, step by step, and which line decides it. Ends with exit code 1 when it is refused.',
      )
      .summary('say what becomes of one call, and why')
      .addOption(fileOption());
    addCallOptions(command).addOption(outputOption());
    addExamples(command, [
      'heddle explain -f examples/bookstore --from bookbuyer/bookbuyer --to bookstore.bookstore --path /buy-a-book',
      'heddle explain -f dump.yaml --from pod/web/web-7d4b9 --to db.data:5432 --protocol tcp -o json',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<ExplainOptions>();
    const mesh = await (await import('../files/load-mesh.ts')).loadMesh(options.file, context);
    const call = await readCall(options, mesh, context);
    const verdict = await decideCall(mesh, call);
    (await import('../output/show-findings.ts')).warnOfErrors(mesh, context);
    if (options.output === 'text') await showText(context, call, verdict);
    else {
      const [{ viewVerdict }, { writeStructured }] = await Promise.all([
        import('../output/view-verdict.ts'),
        import('../output/write-structured.ts'),
      ]);
      await writeStructured(context.stdout, options.output, viewVerdict(verdict));
    }
    return verdict.allowed ? 0 : 1;
  },
};

const styles: Readonly<Partial<Record<TellLine['kind'], TextStyle>>> = {
  question: 'bold',
  place: 'dim',
  allowed: ['bold', 'green'],
  denied: ['bold', 'red'],
  source: 'cyan',
};

async function showText({ stdout, config }: CommandContext, call: Call, verdict: Verdict): Promise<void> {
  const [{ printable }, { tell, toldPlaces }, { readFileLines }] = await Promise.all([
    import('@heddle/mesh'),
    import('../output/tell.ts'),
    import('../output/file-lines.ts'),
  ]);
  const paint = painter(stdout, config);
  const lines = tell(call, verdict, await readFileLines(toldPlaces(verdict).map(({ file }) => file)));
  for (const { kind, text } of lines) {
    const style = styles[kind];
    const shown = printable(text);
    stdout.write(`${style === undefined ? shown : paint(style, shown)}\n`);
  }
}

import type { Call, Verdict } from '@heddle/mesh';
import { type CliCommand, type CommandContext, UsageError } from './cli-command.ts';
import type { LoadedMesh } from './load-mesh.ts';
import { addExamples, fileOption, type OutputFormat, outputOption, readHeader } from './options.ts';
import { painter, type TextStyle } from './paint.ts';
import type { TellLine } from './tell.ts';

interface ExplainOptions {
  readonly file: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly protocol: Call['protocol'];
  readonly method: string;
  readonly path: string;
  readonly header?: readonly (readonly [string, string])[];
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
      .addOption(fileOption())
      .requiredOption('--from <caller>', 'who calls: NAMESPACE/SERVICEACCOUNT or pod/NAMESPACE/NAME')
      .requiredOption(
        '--to <service>',
        'whom: SERVICE[.NAMESPACE][:PORT], the namespace being the caller’s unless given',
      )
      .addOption(
        command.createOption('--protocol <name>', 'what it speaks').choices(['http', 'grpc', 'tcp']).default('http'),
      )
      .option('--method <method>', 'HTTP method', 'GET')
      .option('--path <path>', 'HTTP path, with a query if there is one', '/')
      .option('-H, --header <header>', "HTTP header, 'name: value'; can be repeated", readHeader)
      .addOption(outputOption());
    addExamples(command, [
      'heddle explain -f examples/bookstore --from bookbuyer/bookbuyer --to bookstore.bookstore --path /buy-a-book',
      'heddle explain -f dump.yaml --from pod/web/web-7d4b9 --to db.data:5432 --protocol tcp -o json',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<ExplainOptions>();
    const mesh = await (await import('./load-mesh.ts')).loadMesh(options.file, context);
    const call = await readCall(options, mesh, context);
    const verdict = await decideCall(mesh, call);
    (await import('./show-findings.ts')).warnOfErrors(mesh, context);
    if (options.output === 'text') await showText(context, call, verdict);
    else {
      const [{ viewVerdict }, { writeStructured }] = await Promise.all([
        import('./view-verdict.ts'),
        import('./write-structured.ts'),
      ]);
      await writeStructured(context.stdout, options.output, viewVerdict(verdict));
    }
    return verdict.allowed ? 0 : 1;
  },
};

async function readCall(options: ExplainOptions, mesh: LoadedMesh, context: CommandContext): Promise<Call> {
  const { findCaller, findDestination } = await import('./find-call.ts');
  const { protocol, method, path, header = [] } = options;
  const caller = findCaller(options.from, mesh);
  if (caller.note !== undefined) context.stderr.write(`${caller.note}\n`);
  const to = findDestination(options.to, caller.from.namespace, mesh);
  return { from: caller.from, to, protocol, method, path, headers: header };
}

async function decideCall({ model }: LoadedMesh, call: Call): Promise<Verdict> {
  const { decide, DependsOnPod } = await import('@heddle/mesh');
  try {
    return decide(model, call);
  } catch (error) {
    if (error instanceof DependsOnPod) throw new UsageError(error.message);
    throw error;
  }
}

const styles: Readonly<Partial<Record<TellLine['kind'], TextStyle>>> = {
  question: 'bold',
  place: 'dim',
  allowed: ['bold', 'green'],
  denied: ['bold', 'red'],
  source: 'cyan',
};

async function showText({ stdout, config }: CommandContext, call: Call, verdict: Verdict): Promise<void> {
  const [{ tell, toldPlaces }, { readFileLines }] = await Promise.all([import('./tell.ts'), import('./file-lines.ts')]);
  const paint = painter(stdout, config);
  const lines = tell(call, verdict, await readFileLines(toldPlaces(verdict).map(({ file }) => file)));
  for (const { kind, text } of lines) {
    const style = styles[kind];
    stdout.write(`${style === undefined ? text : paint(style, text)}\n`);
  }
}

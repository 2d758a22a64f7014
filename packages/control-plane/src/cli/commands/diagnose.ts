import type { DiagnosisItem, DiagnosisStep, Evidence, Outcome } from '../../api/diagnosis.ts';
import { type CliCommand, type CommandContext, UsageError } from '../cli-command.ts';
import { addCallOptions, type CallOptions, decideCall, readCall } from '../files/call-options.ts';
import type { DiagnosedCall } from '../files/gather-evidence.ts';
import { addExamples, fileOption, type OutputFormat, outputOption } from '../options.ts';
import { type Paint, painter, type TextStyle } from '../output/paint.ts';

interface DiagnoseOptions extends Omit<CallOptions, 'from' | 'to'> {
  readonly file?: readonly string[];
  readonly run?: string;
  readonly from?: string;
  readonly to?: string;
  readonly output: OutputFormat;
}

/** `heddle diagnose`: why policy is not in force, step by step. */
export const diagnoseCommand: CliCommand = {
  name: 'diagnose',
  group: 'Check and explain:',
  configure: command => {
    command
      .description(
        'Find out why policy is not in force: is the object accepted, are routes known of the Service, is the HTTPRouteGroup ' +
          'valid; of a mesh that runs also: what its sidecars have acknowledged, refused, and which handshakes failed. Of a call ' +
          'that is named, what keeps it out. Each step says what was found and what to change. Ends with exit code 1 where there is ' +
          'something to change.',
      )
      .summary('find out why policy is not in force')
      .addOption(fileOption('the mesh that runs'))
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addCallOptions(command, { optional: true }).addOption(outputOption());
    addExamples(command, [
      'heddle diagnose',
      'heddle diagnose -f examples/bookstore --from bookthief/bookthief --to bookstore.bookstore --path /buy-a-book',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<DiagnoseOptions>();
    if ((options.from === undefined) !== (options.to === undefined))
      throw new UsageError('A call has both --from and --to.');
    if (options.file !== undefined && options.run !== undefined)
      throw new UsageError('Give either --file or --run: manifests, or a mesh that runs.');
    const { diagnose } = await import('../../api/diagnosis.ts');
    const steps = diagnose(await gather(context, options));
    if (options.output === 'text') await showText(context, steps);
    else {
      const { writeStructured } = await import('../output/write-structured.ts');
      await writeStructured(context.stdout, options.output, { steps: steps.map(viewStep) });
    }
    return steps.some(({ outcome }) => outcome === 'problem') ? 1 : 0;
  },
};

async function gather(context: CommandContext, options: DiagnoseOptions): Promise<Evidence> {
  const { evidenceOf, runningEvidence } = await import('../files/gather-evidence.ts');
  if (options.file !== undefined) {
    const mesh = await load(context, options.file);
    return evidenceOf(mesh, await callOf(context, options, mesh));
  }
  const { findLiveRun } = await import('../run/find-run.ts');
  const run = await findLiveRun(context, options.run);
  // A verdict is the model's, which the controller makes of the same files.
  const mesh = options.from === undefined ? undefined : await load(context, [run.manifests ?? '.']);
  return await runningEvidence(run, mesh && (await callOf(context, options, mesh)));
}

async function load(context: CommandContext, paths: readonly string[]) {
  const { loadMesh } = await import('../files/load-mesh.ts');
  return await loadMesh(paths, context);
}

async function callOf(
  context: CommandContext,
  { from, to, ...options }: DiagnoseOptions,
  mesh: Awaited<ReturnType<typeof load>>,
): Promise<DiagnosedCall | undefined> {
  if (from === undefined || to === undefined) return undefined;
  const call = await readCall({ ...options, from, to }, mesh, context);
  return { verdict: await decideCall(mesh, call), namespace: call.to.namespace };
}

const marks: Readonly<Record<Outcome, readonly [mark: string, style: TextStyle]>> = {
  ok: ['ok  ', 'green'],
  note: ['note', 'yellow'],
  problem: ['FAIL', ['bold', 'red']],
};

async function showText({ stdout, config }: CommandContext, steps: readonly DiagnosisStep[]): Promise<void> {
  const { printable } = await import('@heddle/mesh');
  const paint = painter(stdout, config);
  for (const { question, outcome, found, items } of steps) {
    const [mark, style] = marks[outcome];
    stdout.write(`${paint(style, mark)} ${paint('bold', question)} ${printable(found)}\n`);
    for (const item of items) stdout.write(itemLines(printed(item, printable), paint));
  }
  const changes = steps.flatMap(({ outcome, items }) => (outcome === 'problem' ? items : [])).length;
  stdout.write(`\n${conclusion(changes)}\n`);
}

function printed(item: DiagnosisItem, printable: (text: string) => string): DiagnosisItem {
  const { what, change, file } = item;
  return {
    ...item,
    what: printable(what),
    change: printable(change),
    ...(file !== undefined && { file: printable(file) }),
  };
}

function itemLines({ what, change, file, line }: DiagnosisItem, paint: Paint): string {
  const place = [file, line].filter(part => part !== undefined).join(':');
  return `     ${what}${place === '' ? '' : paint('dim', ` (${place})`)}\n       → ${change}\n`;
}

function conclusion(changes: number): string {
  if (changes === 0) return 'Nothing to change.';
  if (changes === 1) return 'There is one thing to change.';
  return `There are ${changes} things to change; begin at the top, the first may be the cause of others.`;
}

/** A step with every field there, as structured answers have them. */
function viewStep({ items, ...step }: DiagnosisStep): object {
  return {
    ...step,
    items: items.map(({ what, change, file = null, line = null }) => ({ what, change, file, line })),
  };
}

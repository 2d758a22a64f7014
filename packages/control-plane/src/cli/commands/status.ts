import type { MeshStatus } from '../../api/mesh-status.ts';
import type { CliCommand, CommandContext } from '../cli-command.ts';
import { addExamples, type OutputFormat, outputOption } from '../options.ts';
import { painter } from '../output/paint.ts';
import { isReady } from './up.ts';

/** Milliseconds that a controller that is being started again may take. */
const patience = 5000;

/** `heddle status`: how far a running mesh has come. */
export const statusCommand: CliCommand = {
  name: 'status',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Show a running mesh: its workloads, whether each sidecar has what it is to have, each object of policy with its ' +
          'conditions and how many sidecars have it since when, and what is wrong. Ends with exit code 1 where a pod is not ready, a sidecar lacks something, or ' +
          'there is an error finding.',
      )
      .summary('show sync state of sidecars and objects')
      .addOption(outputOption())
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addExamples(command, ['heddle status', 'heddle status -o json']);
  },
  run: async (context, command) => {
    const { output, run } = command.opts<{ output: OutputFormat; run?: string }>();
    const [{ findRun }, { readStatus }, { controllerSocket }] = await Promise.all([
      import('../run/find-run.ts'),
      import('../../api/client.ts'),
      import('../../local/host/run-layout.ts'),
    ]);
    const status = await readStatus(controllerSocket(await findRun(context, run)), patience);
    if (output === 'text') await showText(context, status);
    else {
      const { writeStructured } = await import('../output/write-structured.ts');
      await writeStructured(context.stdout, output, await view(status));
    }
    return isWell(status) ? 0 : 1;
  },
};

function isWell(status: MeshStatus): boolean {
  const { findings, failing } = status;
  return isReady(status) && failing.length === 0 && !findings.some(({ severity }) => severity === 'error');
}

async function showText({ stdout, config }: CommandContext, status: MeshStatus): Promise<void> {
  const [tables, { findingLine, fromHere }] = await Promise.all([
    import('../output/show-status.ts'),
    import('../output/show-findings.ts'),
  ]);
  const paint = painter(stdout, config);
  const now = new Date();
  const parts = [
    tables.workloadTable(status, paint),
    tables.unreadyTable(status, paint),
    tables.sidecarTable(status, paint, now),
    tables.objectTable(status, paint, now),
    tables.failureLines(status, paint),
    status.findings.map(finding => findingLine(fromHere(finding), paint)).join('\n'),
  ];
  stdout.write(`${parts.filter(part => part !== '').join('\n\n')}\n`);
}

/** The status with findings as every command writes them. */
async function view({ findings, ...status }: MeshStatus): Promise<object> {
  const { viewFinding } = await import('../output/show-findings.ts');
  return { ...status, findings: findings.map(viewFinding) };
}

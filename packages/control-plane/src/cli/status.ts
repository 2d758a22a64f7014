import type { CliCommand } from './cli-command.ts';
import { addExamples, type OutputFormat, outputOption } from './options.ts';
import { painter } from './paint.ts';

/** `heddle status`: how far a running mesh has come. */
export const statusCommand: CliCommand = {
  name: 'status',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Show a running mesh: its workloads, whether each sidecar has what it is to have, and each object of policy with how many sidecars have it.',
      )
      .summary('show sync state of sidecars and objects')
      .addOption(outputOption())
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addExamples(command, ['heddle status', 'heddle status -o json']);
  },
  run: async (context, command) => {
    const { output, run } = command.opts<{ output: OutputFormat; run?: string }>();
    const [{ findRun }, { readStatus }, { controllerSocket }, tables] = await Promise.all([
      import('./find-run.ts'),
      import('../api/client.ts'),
      import('../local/run-layout.ts'),
      import('./show-status.ts'),
    ]);
    const status = await readStatus(controllerSocket(await findRun(context, run)));
    const behind = status.sidecars.some(({ inSync }) => !inSync);
    if (output === 'text') {
      const paint = painter(context.stdout, context.config);
      const parts = [
        tables.workloadTable(status, paint),
        tables.sidecarTable(status, paint, new Date()),
        tables.objectTable(status, paint),
      ];
      context.stdout.write(`${parts.join('\n\n')}\n`);
    } else {
      const { writeStructured } = await import('./write-structured.ts');
      await writeStructured(context.stdout, output, status);
    }
    return behind ? 1 : 0;
  },
};

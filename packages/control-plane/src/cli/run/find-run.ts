import { runBaseOf } from '../../local/host/local-mesh.ts';
import { type LiveRun, liveRuns } from '../../local/host/run-directory.ts';
import { type CommandContext, UsageError } from '../cli-command.ts';

/** The run directory of the mesh that a command is about. Throws `UsageError` without any. */
export async function findRun(context: CommandContext, given: string | undefined): Promise<string> {
  return (await findLiveRun(context, given)).directory;
}

/**
 * The run of the mesh that a command is about: that in the given directory, else the newest, which is said where there are
 * several. Throws `UsageError` without any.
 */
export async function findLiveRun(context: CommandContext, given: string | undefined): Promise<LiveRun> {
  const runs = await liveRuns(runBaseOf(context.config.runtimeDirectory, process.getuid?.() ?? 0));
  if (given !== undefined) {
    const named = runs.find(({ directory }) => directory === given);
    if (named !== undefined) return named;
    throw new UsageError(`No mesh of yours runs in ${given}; there ${namesOf(runs)}.`);
  }
  const run = runs.at(-1);
  if (run === undefined) throw new UsageError('No mesh of yours runs here; start one with heddle up DIR.');
  if (runs.length > 1)
    context.stderr.write(`Several meshes run; this is the newest. With --run DIR, there ${namesOf(runs)}.\n`);
  return run;
}

function namesOf(runs: readonly LiveRun[]): string {
  if (runs.length === 0) return 'is none';
  const names = runs.map(
    ({ directory, manifests = '' }) => `${directory}${manifests === '' ? '' : ` (of ${manifests})`}`,
  );
  return `${runs.length === 1 ? 'is' : 'are'} ${names.join(', ')}`;
}

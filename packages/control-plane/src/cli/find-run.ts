import { runBaseOf } from '../local/local-mesh.ts';
import { liveRunDirectories } from '../local/run-directory.ts';
import { type CommandContext, UsageError } from './cli-command.ts';

/** The run directory of the mesh that a command is about: the given one, else the newest. Throws `UsageError` without any. */
export async function findRun(context: CommandContext, given: string | undefined): Promise<string> {
  const base = runBaseOf(context.config.runtimeDirectory, process.getuid?.() ?? 0);
  const runs = await liveRunDirectories(base);
  const run = given ?? runs.at(-1);
  if (run !== undefined && (given === undefined || runs.includes(given))) return run;
  if (given !== undefined) throw new UsageError(`No mesh runs in ${given}; there are: ${runs.join(', ') || 'none'}.`);
  throw new UsageError('No mesh runs here; start one with heddle up DIR.');
}

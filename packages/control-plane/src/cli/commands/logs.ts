import { createReadStream, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type CliCommand, type CommandContext, UsageError } from '../cli-command.ts';
import { addExamples } from '../options.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly sidecar?: boolean;
  readonly calls?: boolean;
  readonly controller?: boolean;
  readonly run?: string;
}

/** Milliseconds between looks for what was added. */
const followInterval = 100;

/** `heddle logs`: what the containers of a workload wrote. */
export const logsCommand: CliCommand = {
  name: 'logs',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Print what the containers of a workload of the running mesh wrote, or its sidecars, or the controller.',
      )
      .summary('print the logs of a workload')
      .argument('[workload]', 'NAMESPACE/NAME of a workload or pod; the namespace may be left out where it is clear')
      .option('-f, --follow', 'go on printing what is written')
      .option('--sidecar', 'the logs of the sidecars')
      .option(
        '--calls',
        'of those, only the access log: a line of JSON for each call; MeshConfig says which are written',
      )
      .option('--controller', 'the log of the controller; heddle up --v 4 makes it say more')
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addExamples(command, [
      'heddle logs bookbuyer -f',
      'heddle logs bookstore/bookstore-v1 --sidecar',
      'heddle logs bookstore/bookstore-v1 --calls -f',
      'heddle logs --controller',
    ]);
  },
  run: async (context, command) => {
    const [workload] = command.args;
    const options = command.opts<LogsOptions>();
    if ((workload === undefined) !== (options.controller === true))
      throw new UsageError('Name a workload, or give --controller.');
    const { findRun } = await import('../run/find-run.ts');
    const directory = await findRun(context, options.run);
    const logs =
      workload === undefined ? [await controllerLogOf(directory)] : await logsOf(directory, workload, options);
    const { isCallLine } = await import('../output/call-line.ts');
    const shown: Pick<Wanted, 'wanted' | 'why'> =
      options.calls === true
        ? { wanted: isCallLine, why: '; accessLog.mode of the MeshConfig says what is' }
        : { wanted: () => true, why: '' };
    await printAll(context, { logs, ...shown }, options.follow === true ? directory : undefined);
    return 0;
  },
};

/** A log file; not there before something is written. */
interface Log {
  readonly file: string;
  /** Who writes it, for people. */
  readonly name: string;
}

/** Logs, and which of their lines are asked for. */
interface Wanted {
  readonly logs: readonly Log[];
  readonly wanted: (line: string) => boolean;
  /** What may be the reason that there are none. */
  readonly why: string;
}

/** One of them, with what its lines begin with. */
interface Printed extends Pick<Wanted, 'wanted'> {
  readonly file: string;
  readonly prefix: string;
}

async function controllerLogOf(directory: string): Promise<Log> {
  const { controllerLog } = await import('../../local/host/run-layout.ts');
  return { file: controllerLog(directory), name: 'controller' };
}

async function logsOf(directory: string, workload: string, { sidecar, calls }: LogsOptions): Promise<Log[]> {
  const [{ findPods }, { logPath, sidecarLogPath }] = await Promise.all([
    import('../run/find-pod.ts'),
    import('../../local/node/log-file.ts'),
  ]);
  const pods = await findPods(directory, workload);
  const ofSidecars = sidecar === true || calls === true;
  const logs = pods.flatMap((pod): Log[] => {
    if (ofSidecars) return pod.sidecar === null ? [] : [{ file: sidecarLogPath(directory, pod), name: pod.name }];
    return pod.containers.map(({ name }) => ({
      file: logPath(directory, pod, name),
      name: pod.containers.length > 1 ? `${pod.name} ${name}` : pod.name,
    }));
  });
  if (logs.length > 0) return logs;
  throw new UsageError(
    ofSidecars ? `${workload} has no sidecar.` : `${workload} has no container; --sidecar shows its sidecar’s log.`,
  );
}

/** Prints logs; with the directory of a run, what is added to them too, until that is gone. */
async function printAll(
  context: CommandContext,
  { logs, wanted, why }: Wanted,
  followed: string | undefined,
): Promise<void> {
  const signal = followed === undefined ? undefined : context.interruption();
  const goesOn = async (): Promise<boolean> => {
    if (followed === undefined || signal === undefined) return false;
    await delay(followInterval, undefined, { signal }).catch(() => undefined); // the signal itself tells what it was
    return !signal.aborted && (await statOf(followed)) !== undefined;
  };
  const written = await Promise.all(
    logs.map(({ file, name }) => print(context, { file, prefix: logs.length > 1 ? `[${name}] ` : '', wanted }, goesOn)),
  );
  if (followed === undefined && !written.includes(true)) context.stderr.write(`Nothing was written there yet${why}.\n`);
}

/** Prints a file and, as long as it `goesOn`, what is added to it, over the file’s rotations; says whether there was anything. */
async function print(
  context: CommandContext,
  { file, prefix, wanted }: Printed,
  goesOn: () => Promise<boolean>,
): Promise<boolean> {
  let at = 0;
  let inode: number | undefined;
  let rest = '';
  let any = false;
  do {
    const now = await statOf(file);
    if (now !== undefined && (now.ino !== inode || now.size < at)) at = 0;
    inode = now?.ino;
    if (now !== undefined && now.size > at) {
      for await (const chunk of createReadStream(file, { start: at, end: now.size - 1, encoding: 'utf8' }))
        rest += chunk as string;
      at = now.size;
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      const shown = lines.filter(wanted);
      any ||= shown.length > 0;
      context.stdout.write(shown.map(line => `${prefix}${line}\n`).join(''));
    }
  } while (await goesOn());
  if (rest !== '' && wanted(rest)) context.stdout.write(`${prefix}${rest}\n`);
  return any || rest !== '';
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined; // nothing written yet, or between two files of a rotation
  }
}

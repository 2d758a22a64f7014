import { createReadStream, type Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CliCommand, type CommandContext, UsageError } from './cli-command.ts';
import { addExamples } from './options.ts';

interface LogsOptions {
  readonly follow?: boolean;
  readonly sidecar?: boolean;
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
      .description('Print what the containers of a workload of the running mesh wrote, or its sidecars.')
      .summary('print the logs of a workload')
      .argument('<workload>', 'NAMESPACE/NAME of a workload or pod; the namespace may be left out where it is clear')
      .option('-f, --follow', 'go on printing what is written')
      .option('--sidecar', 'the logs of the sidecars')
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addExamples(command, ['heddle logs bookbuyer -f', 'heddle logs bookstore/bookstore-v1 --sidecar']);
  },
  run: async (context, command) => {
    const [workload = ''] = command.args;
    const options = command.opts<LogsOptions>();
    const [{ findRun }, { findPods }, { sidecarLogPath }] = await Promise.all([
      import('./find-run.ts'),
      import('./find-pod.ts'),
      import('../local/log-file.ts'),
    ]);
    const directory = await findRun(context, options.run);
    const files: string[] = [];
    for (const pod of await findPods(directory, workload)) {
      const sidecarLog = sidecarLogPath(directory, pod);
      const folder = dirname(sidecarLog);
      const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.log')); // nothing written yet
      const paths = names.map(name => join(folder, name));
      files.push(...paths.filter(path => (path === sidecarLog) === (options.sidecar === true)));
    }
    if (files.length === 0) throw new UsageError(`${workload} has written no log yet.`);
    await printAll(context, files, options.follow === true);
    return 0;
  },
};

async function printAll(context: CommandContext, files: readonly string[], follow: boolean): Promise<void> {
  const signal = follow ? context.interruption() : undefined;
  await Promise.all(
    files.map(file => print(context, { file, prefix: files.length > 1 ? `[${podOf(file)}] ` : '' }, signal)),
  );
}

/** Prints a file; with a signal what is added to it too, over the file’s rotations. */
async function print(
  context: CommandContext,
  { file, prefix }: { file: string; prefix: string },
  signal: AbortSignal | undefined,
): Promise<void> {
  let at = 0;
  let inode: number | undefined;
  let rest = '';
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
      context.stdout.write(lines.map(line => `${prefix}${line}\n`).join(''));
    }
  } while (await waited(signal));
  if (rest !== '') context.stdout.write(`${prefix}${rest}\n`);
}

/** Waits until the file is looked at again; false when it is not followed, or no longer. */
async function waited(signal: AbortSignal | undefined): Promise<boolean> {
  if (signal === undefined) return false;
  await delay(followInterval, undefined, { signal }).catch(() => undefined); // the signal itself tells what it was
  return !signal.aborted;
}

async function statOf(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch {
    return undefined; // between two files of a rotation
  }
}

function podOf(file: string): string {
  return basename(dirname(file));
}

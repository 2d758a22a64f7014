import { spawn } from 'node:child_process';
import { type CliCommand, type ExitCode, UsageError } from './cli-command.ts';
import { addExamples } from './options.ts';

/** `heddle exec`: a command in the network and file system of a pod. */
export const execCommand: CliCommand = {
  name: 'exec',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Run a command in the network of a pod of the running mesh, as its application: its calls go through the sidecar. Its exit code is the command’s.',
      )
      .summary('run a command in a pod')
      .argument('<workload>', 'NAMESPACE/NAME of a workload or pod; the namespace may be left out where it is clear')
      .argument('<command...>', 'the command, after --')
      .option('--run <dir>', 'run directory of the mesh; absent: the newest one');
    addExamples(command, ['heddle exec bookbuyer -- curl -s http://bookstore.bookstore:14001/buy-a-book']);
  },
  run: async (context, command) => {
    const [workload = '', ...wanted] = command.args;
    const { run } = command.opts<{ run?: string }>();
    const [{ findRun }, { findPods }, { execInPod }] = await Promise.all([
      import('./find-run.ts'),
      import('./find-pod.ts'),
      import('../local/local-node.ts'),
    ]);
    const directory = await findRun(context, run);
    const [pod] = await findPods(directory, workload);
    if (pod === undefined) throw new UsageError(`There is no workload ${workload}.`);
    const { command: line, path } = await execInPod(directory, pod, wanted);
    return await runAttached(line, { ...context.environment, PATH: path });
  },
};

async function runAttached(
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ExitCode> {
  const { promise, resolve, reject } = Promise.withResolvers<ExitCode>();
  const child = spawn(program, args, { stdio: 'inherit', env: environment });
  child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 3 : 128)));
  child.on('error', reject);
  return promise;
}

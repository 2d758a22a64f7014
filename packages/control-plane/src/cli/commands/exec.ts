import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { CliCommand, ExitCode } from '../cli-command.ts';
import { addExamples } from '../options.ts';

/** `heddle exec`: a command in the network and file system of a pod. */
export const execCommand: CliCommand = {
  name: 'exec',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Run a command in the network of a pod of the running mesh, as its application: its calls go through the sidecar. ' +
          'Of several pods of a workload the first. Its exit code is the command’s.',
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
      import('../run/find-run.ts'),
      import('../run/find-pod.ts'),
      import('../../local/host/local-node.ts'),
    ]);
    const directory = await findRun(context, run);
    const pods = await findPods(directory, workload);
    const pod = pods.find(({ pid }) => pid !== undefined) ?? pods[0];
    const { command: line, path } = await execInPod(directory, pod, [...interruptible, ...wanted]);
    return await runAttached([...uninterruptible, ...line], { ...context.environment, PATH: path });
  },
};

/** Whether `env` can undo that a signal is ignored: GNU's can since 2019. */
const canUndo = 'env --default-signal=INT true 2>/dev/null';

/**
 * What enters the pod is in the way of Ctrl-C: it would die of it and leave behind a program, such as a shell, that does
 * not. So it ignores the keys, and the program is started as one that does not.
 */
const uninterruptible = ['sh', '-c', `if ${canUndo}; then trap '' INT QUIT; fi; exec "$@"`, 'sh'];
const interruptible = [
  'sh',
  '-c',
  `if ${canUndo}; then exec env --default-signal=INT,QUIT -- "$@"; else exec "$@"; fi`,
  'sh',
];

/**
 * Runs a command with this process's terminal. Ctrl-C reaches it through the terminal and is its own business; other
 * signals to this process are handed on to it.
 */
async function runAttached(
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ExitCode> {
  const { signalInside } = await import('../../local/sandbox/enter-pod.ts');
  const child = spawn(program, args, { stdio: 'inherit', env: environment });
  let wasInterrupted = false;
  const listeners = new Map<NodeJS.Signals, (signal: NodeJS.Signals) => void>([
    ['SIGINT', () => (wasInterrupted = true)],
    ['SIGQUIT', () => {}],
    ['SIGTERM', signal => signalInside(child, signal)],
    ['SIGHUP', signal => signalInside(child, signal)],
  ]);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<ExitCode>();
    child.on('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    child.on('error', reject);
    const code = await promise;
    // What entered the pod could not die of Ctrl-C as its program did, and says 1.
    return wasInterrupted && code === 1 ? 130 : code;
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  }
}

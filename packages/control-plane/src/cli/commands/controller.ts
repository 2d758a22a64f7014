import { createInterface } from 'node:readline';
import { type CliCommand, type CommandContext, UsageError } from '../cli-command.ts';
import { metricsPortOption } from '../options.ts';

/** The controller of a local mesh; `heddle up` starts it and keeps it running. */
export const controllerCommand: CliCommand = {
  name: 'controller',
  hidden: true,
  configure: command =>
    command
      .description('Watch manifests and program the sidecars of a local mesh; started by heddle up.')
      .requiredOption('-f, --file <dir>', 'folder of manifests')
      .requiredOption('--run <dir>', 'run directory of the mesh')
      .addOption(metricsPortOption())
      .option('--v <level>', 'verbosity of the log; 4 shows every exchange', '0'),
  run: async (context, command) => {
    const { file, run, v, metricsPort } = command.opts<{ file: string; run: string; v: string; metricsPort: number }>();
    const end = new AbortController();
    try {
      const input = await readInput(() => end.abort());
      await control(
        context,
        { directory: file, runDirectory: run, verbosity: Number(v), metricsPort, input },
        AbortSignal.any([end.signal, context.interruption()]),
      );
      return 0;
    } finally {
      // One that failed must not stay for what is left of it: it is started again once it has ended.
      end.abort();
      process.stdin.destroy();
    }
  },
};

interface Start {
  readonly directory: string;
  readonly runDirectory: string;
  readonly verbosity: number;
  readonly metricsPort: number;
  readonly input: ControllerInput;
}

async function control(context: CommandContext, start: Start, signal: AbortSignal): Promise<void> {
  const [
    { runLocalController },
    { CertificateAuthority },
    { readAuthority },
    { createLogger },
    { findEnvoy },
    { settingsAtStart },
  ] = await Promise.all([
    import('../../local-controller.ts'),
    import('../../identity/ca.ts'),
    import('../../identity/authority-pem.ts'),
    import('../../log.ts'),
    import('../../sidecar/envoy-binary.ts'),
    import('../files/mesh-settings.ts'),
  ]);
  // Whoever started it is gone already, and perhaps the run directory, too.
  if (signal.aborted) return;
  const { trustDomain, envoy, executablePath, cacheDirectory } = context.config;
  const authorityOf = (line: string) =>
    new CertificateAuthority({ trustDomain, now: () => new Date(), pem: readAuthority(line) });
  await runLocalController(
    {
      directory: start.directory,
      runDirectory: start.runDirectory,
      metricsPort: start.metricsPort,
      authority: authorityOf(start.input.first),
      onAuthority: replace => start.input.onNext(line => replace(authorityOf(line))),
      envoy: await findEnvoy({ setting: envoy, path: executablePath, cacheDirectory }),
      settings: settingsAtStart(context.config),
      log: createLogger(start.verbosity, line => context.stderr.write(line)),
    },
    signal,
  );
}

/** What `heddle up` tells its controller: the authority to sign with, then, at times, another one. A line each. */
interface ControllerInput {
  readonly first: string;
  /** Calls back with each line after the first, those that have come already included. */
  readonly onNext: (listener: (line: string) => void) => void;
}

/** Reads standard input; calls `onEnd` when the parent is gone. */
async function readInput(onEnd: () => void): Promise<ControllerInput> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lines = createInterface({ input: process.stdin });
  const early: string[] = [];
  let next = (line: string): void => void early.push(line);
  lines.once('line', first => {
    resolve(first);
    lines.on('line', line => next(line));
  });
  lines.once('close', () => {
    reject(new UsageError('heddle controller is started by heddle up, which hands it the authority of the mesh.'));
    onEnd();
  });
  return {
    first: await promise,
    onNext: listener => {
      next = listener;
      for (const line of early.splice(0)) listener(line);
    },
  };
}

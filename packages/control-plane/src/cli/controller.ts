import { createInterface } from 'node:readline';
import { type CliCommand, type CommandContext, UsageError } from './cli-command.ts';
import { metricsPortOption } from './options.ts';

/** What the controller of a local mesh is told on its standard input, in one line. */
export interface ControllerInput {
  readonly root: { readonly certificatePem: string; readonly privateKeyPem: string };
}

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
      const { root } = await readInput(() => end.abort());
      await control(
        context,
        { directory: file, runDirectory: run, verbosity: Number(v), metricsPort, root },
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
  readonly root: ControllerInput['root'];
}

async function control(context: CommandContext, start: Start, signal: AbortSignal): Promise<void> {
  const [{ runLocalController }, { CertificateAuthority }, { PrivateKey }, { createLogger }, { findEnvoy }] =
    await Promise.all([
      import('../local-controller.ts'),
      import('../identity/ca.ts'),
      import('../identity/private-key.ts'),
      import('../log.ts'),
      import('../sidecar/envoy-binary.ts'),
    ]);
  // Whoever started it is gone already, and perhaps the run directory, too.
  if (signal.aborted) return;
  const { trustDomain, clusterDomain, egress, envoy, executablePath, cacheDirectory } = context.config;
  await runLocalController(
    {
      directory: start.directory,
      runDirectory: start.runDirectory,
      metricsPort: start.metricsPort,
      authority: new CertificateAuthority({
        trustDomain,
        now: () => new Date(),
        root: { certificatePem: start.root.certificatePem, privateKey: new PrivateKey(start.root.privateKeyPem) },
      }),
      envoy: await findEnvoy({ setting: envoy, path: executablePath, cacheDirectory }),
      settings: { clusterDomain, trustDomain, egress },
      log: createLogger(start.verbosity, line => context.stderr.write(line)),
    },
    signal,
  );
}

/** The first line of standard input; calls `onEnd` when the parent is gone. */
async function readInput(onEnd: () => void): Promise<ControllerInput> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lines = createInterface({ input: process.stdin });
  lines.once('line', resolve);
  lines.once('close', () => {
    reject(new UsageError('heddle controller is started by heddle up, which hands it the root of the mesh.'));
    onEnd();
  });
  return JSON.parse(await promise) as ControllerInput;
}

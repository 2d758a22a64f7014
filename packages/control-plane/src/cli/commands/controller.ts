import { createInterface } from 'node:readline';
import { Option } from 'commander';
import { type CliCommand, type CommandContext, UsageError } from '../cli-command.ts';
import { addExamples, metricsPortOption, whole } from '../options.ts';
import type { ClusterFlags } from '../run/control-cluster.ts';

interface ControllerOptions extends ClusterFlags {
  readonly kubernetes?: boolean;
  readonly file?: string;
  readonly run?: string;
}

/** The controller: of a cluster, as its container runs it, or of a local mesh, as `heddle up` starts it. */
export const controllerCommand: CliCommand = {
  name: 'controller',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Watch a Kubernetes cluster and program the sidecars of its mesh: what the container of Heddle runs. Finds the cluster ' +
          'as kubectl does, or by the service account of its pod. Any number of replicas may run at once.',
      )
      .summary('program the sidecars of a Kubernetes cluster')
      .option('--kubernetes', 'watch a cluster (the default)')
      .option(
        '--kubeconfig <file>',
        'how to reach the cluster; absent: KUBECONFIG, ~/.kube/config, or the pod’s account',
      )
      .option('--context <name>', 'context of the kubeconfig; absent: its current one')
      .option('-n, --namespace <name>', 'where Heddle itself runs', 'heddle-system')
      .option('--xds-address <host>', 'address on which sidecars are served', '0.0.0.0')
      .option('--xds-port <port>', 'port on which sidecars are served', whole(0, 65_535), 15_012)
      .option('--webhook-address <host>', 'address on which the API server is answered', '0.0.0.0')
      .option('--webhook-port <port>', 'port on which it is answered; 0: not at all', whole(0, 65_535), 9443)
      .option('--values <file>', 'values of the installation; absent: the defaults')
      .option('--metrics-address <host>', 'address of /metrics, /healthz and /readyz', '0.0.0.0')
      .addOption(metricsPortOption())
      .option('--v <level>', 'verbosity of the log; 4 shows every exchange', whole(0, 9), 0)
      .addOption(new Option('-f, --file <dir>', 'folder of manifests of a local mesh').hideHelp())
      .addOption(new Option('--run <dir>', 'run directory of a local mesh').hideHelp());
    addExamples(command, [
      'heddle controller --v=4',
      'heddle controller --kubeconfig ~/.kube/config --context staging',
    ]);
  },
  run: async (context, command) => {
    const options = command.opts<ControllerOptions>();
    const { file, run, v, metricsPort } = options;
    if (options.kubernetes === true && run !== undefined)
      throw new UsageError(
        'A controller is that of a cluster or that of a local mesh: --kubernetes and --run exclude each other.',
      );
    if (run === undefined || file === undefined) {
      const { controlCluster } = await import('../run/control-cluster.ts');
      await controlCluster(context, options, context.interruption());
      return 0;
    }
    const end = new AbortController();
    try {
      const input = await readInput(() => end.abort());
      await control(
        context,
        { directory: file, runDirectory: run, verbosity: v, metricsPort, input },
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

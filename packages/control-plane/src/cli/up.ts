import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { MeshStatus } from '../api/mesh-status.ts';
import type { LocalMesh } from '../local/local-mesh.ts';
import { type CliCommand, type CommandContext, type ExitCode, UsageError } from './cli-command.ts';
import { addExamples } from './options.ts';

interface UpOptions {
  readonly check?: boolean;
  readonly port: string;
  readonly v: string;
}

/** `heddle up`: a folder of manifests becomes a running mesh on this machine. */
export const upCommand: CliCommand = {
  name: 'up',
  group: 'Run:',
  configure: command => {
    command
      .description(
        'Run a folder of plain Kubernetes manifests as a mesh on this machine: pods as processes in network namespaces of ' +
          'their own, each with a real Envoy. Files are watched: what is saved is in force. Ctrl-C ends it and leaves nothing behind.',
      )
      .summary('run a folder of manifests as a mesh on this machine')
      .argument('<dir>', 'folder of manifests')
      .option('--check', 'run the Traffic of the folder from inside the workloads, print expected and seen, and end')
      .option('--port <port>', 'first loopback port for Services that the front door shows', '18080')
      .option('--v <level>', 'verbosity of the controller’s log; 4 shows every exchange', '0');
    addExamples(command, ['heddle up examples/bookstore', 'heddle up examples/bookstore --check']);
  },
  run: async (context, command) => {
    const [directory = ''] = command.args;
    const options = command.opts<UpOptions>();
    if (!(await isDirectory(directory)))
      throw new UsageError(`${directory} is not a folder; name the folder that holds the manifests.`);
    return await up(context, directory, options);
  },
};

async function up(context: CommandContext, directory: string, options: UpOptions): Promise<ExitCode> {
  const ended = new AbortController();
  const signal = AbortSignal.any([context.interruption(), ended.signal]);
  const mesh = await start(context, directory, { options, signal });
  try {
    if (options.check === true) {
      const { checkMesh } = await import('./check-mesh.ts');
      return await checkMesh(context, { directory, mesh }, signal);
    }
    const { followMesh } = await import('./follow-mesh.ts');
    await followMesh(context, { mesh, firstPort: readPort(options.port) }, signal);
    return 0;
  } finally {
    ended.abort();
    await mesh.ended;
  }
}

async function start(
  context: CommandContext,
  directory: string,
  { options, signal }: { options: UpOptions; signal: AbortSignal },
): Promise<LocalMesh> {
  const [{ startLocalMesh, runBaseOf }, { CertificateAuthority }, { findEnvoy }] = await Promise.all([
    import('../local/local-mesh.ts'),
    import('../identity/ca.ts'),
    import('../sidecar/envoy-binary.ts'),
  ]);
  const { config, environment } = context;
  await findEnvoy({ setting: config.envoy, path: config.executablePath, cacheDirectory: config.cacheDirectory });
  const uid = process.getuid?.() ?? 0;
  const { certificatePem, privateKey } = new CertificateAuthority({
    trustDomain: config.trustDomain,
    now: () => new Date(),
  }).root();
  const mesh = await startLocalMesh(
    {
      directory: resolve(directory),
      runBase: runBaseOf(config.runtimeDirectory, uid),
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
      environment,
      controllerInput: JSON.stringify({ root: { certificatePem, privateKeyPem: privateKey.reveal() } }),
      controllerFlags: ['--v', options.v],
      clusterDomain: config.clusterDomain,
      uid,
      platform: process.platform,
    },
    signal,
  );
  return mesh;
}

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new UsageError(`--port must be a port number from 1 to 65535, not ${text}.`);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // whatever the reason: nothing can be read from there
  }
}

/** Whether every workload runs, with sidecars that have all they need. */
export function isReady({ workloads }: MeshStatus): boolean {
  return workloads.length > 1 && workloads.every(({ pods, ready, inSync }) => ready === pods && inSync === pods);
}

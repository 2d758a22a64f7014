import { stat } from 'node:fs/promises';
import type { MeshStatus } from '../../api/mesh-status.ts';
import type { LocalMesh } from '../../local/host/local-mesh.ts';
import { type CliCommand, type CommandContext, type ExitCode, UsageError } from '../cli-command.ts';
import { addExamples, metricsPortOption, type OutputFormat, outputOption, whole } from '../options.ts';
import { type AuthorityFiles, addAuthorityOptions, readAuthorityFiles } from '../run/authority-files.ts';
import type { MeshStart } from '../run/start-mesh.ts';

interface UpOptions extends AuthorityFiles {
  readonly check?: boolean;
  readonly kubernetes?: boolean;
  readonly output: OutputFormat;
  readonly timeout: number;
  readonly port: number;
  readonly metricsPort: number;
  readonly v: number;
}

/** What a shell says of a command that Ctrl-C ended. */
const interrupted: ExitCode = 130;

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
      .option('--kubernetes', 'run a Kubernetes control plane for it, to be used with kubectl; prints its KUBECONFIG')
      .addOption(outputOption(undefined, 'how to write the answer of --check'))
      .option('--timeout <seconds>', 'how long the mesh may take to become ready, with --check', whole(1, 86_400), 60)
      .option('--port <port>', 'first loopback port for Services that the front door shows', whole(1, 65_535), 18_080)
      .addOption(metricsPortOption())
      .option('--v <level>', 'verbosity of the controller’s log; 4 shows every exchange', whole(0, 9), 0);
    addAuthorityOptions(command);
    addExamples(command, [
      'heddle up examples/bookstore',
      'heddle up examples/bookstore --check',
      'heddle up examples/bookstore --kubernetes',
    ]);
  },
  run: async (context, command) => {
    const [directory = ''] = command.args;
    const options = command.opts<UpOptions>();
    if (options.check !== true && options.output !== 'text')
      throw new UsageError(`-o ${options.output} is for --check; of a mesh that runs, heddle status -o tells.`);
    await requireFolder(directory);
    if (options.check === true && options.kubernetes === true)
      throw new UsageError('--check is for a mesh without a cluster: --kubernetes excludes it.');
    const { caCertificate, caKey } = context.config;
    const files = { caCert: options.caCert ?? caCertificate, caKey: options.caKey ?? caKey };
    const authority = await readAuthorityFiles(files, context);
    if (options.kubernetes === true) {
      const { upCluster } = await import('../run/up-cluster.ts');
      await upCluster(context, { directory, verbosity: options.v, authority }, context.interruption());
      return 0;
    }
    return await up(context, { directory, authority }, options);
  },
};

async function up(
  context: CommandContext,
  { directory, authority }: Pick<MeshStart, 'directory' | 'authority'>,
  options: UpOptions,
): Promise<ExitCode> {
  const interruption = context.interruption();
  const ended = new AbortController();
  const signal = AbortSignal.any([interruption, ended.signal]);
  let mesh: LocalMesh | undefined;
  const start = async (): Promise<LocalMesh> => {
    const { startMesh } = await import('../run/start-mesh.ts');
    let last = '';
    const onControllerEnd = (sentence: string, wasKilled: boolean): void => {
      // One that can't start says the same each time.
      if (wasKilled || sentence !== last) context.stderr.write(`${sentence}\n`);
      last = sentence;
    };
    const { v: verbosity, metricsPort } = options;
    mesh = await startMesh(context, { directory, verbosity, metricsPort, authority, onControllerEnd }, signal);
    return mesh;
  };
  try {
    if (options.check === true) {
      const { checkMesh } = await import('../files/check-mesh.ts');
      const check = { directory, output: options.output, seconds: options.timeout };
      return await checkMesh(context, check, { start, signal });
    }
    const { followMesh } = await import('../run/follow-mesh.ts');
    await followMesh(context, { start, firstPort: options.port }, signal);
    return 0;
  } catch (error) {
    // What is under way when the user interrupts fails in many ways.
    if (!interruption.aborted) throw error;
    return options.check === true ? interrupted : 0;
  } finally {
    if (interruption.aborted && context.stderr.isTerminal) context.stderr.write('\nEnding the mesh …\n');
    ended.abort();
    await mesh?.ended;
  }
}

async function requireFolder(path: string): Promise<void> {
  const what = await stat(path).catch(() => undefined); // whatever the reason: nothing can be read from there
  if (what === undefined) throw new UsageError(`There is no folder ${path}.`);
  if (!what.isDirectory()) throw new UsageError(`${path} is not a folder; name the folder that holds the manifests.`);
  const { walkManifests } = await import('../../sources/manifest-tree.ts');
  const { files, unreadable } = await walkManifests(path);
  if (unreadable.has(path)) throw new UsageError(`The folder ${path} may not be read (${unreadable.get(path)}).`);
  if (files.size > 0) return;
  throw new UsageError(`The folder ${path} holds no manifests: no file in it ends in .yaml, .yml or .json.`);
}

/** Whether all that is to run here runs, with sidecars that have all they need. */
export function isReady({ workloads, sidecars, unready }: MeshStatus): boolean {
  if (workloads.length === 0 || unready.some(({ state }) => state === 'starting' || state === 'failing')) return false;
  const settled = new Set(unready.map(({ namespace, name }) => `${namespace}/${name}`));
  const missing = workloads.reduce((sum, { pods, ready }) => sum + pods - ready, 0);
  return (
    missing <= settled.size &&
    sidecars.every(({ inSync, namespace, pod }) => inSync || settled.has(`${namespace}/${pod}`))
  );
}

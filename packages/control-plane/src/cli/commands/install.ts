import { type CliCommand, type CommandContext, type ExitCode, UsageError } from '../cli-command.ts';
import { addExamples, whole } from '../options.ts';
import { addClusterOptions, type ClusterChoice, clusterClient, systemNamespaceOption } from '../run/cluster-client.ts';
import { addValueOptions, type ValueFlags } from '../run/installation-values.ts';

interface InstallOptions extends ClusterChoice, ValueFlags {
  readonly namespace: string;
  readonly dryRun?: boolean;
  readonly output?: 'yaml';
  readonly wait: boolean;
  readonly timeout: number;
}

/** `heddle install`: the control plane, into a cluster. */
export const installCommand: CliCommand = {
  name: 'install',
  group: 'Kubernetes:',
  configure: command => {
    addValueOptions(
      addClusterOptions(
        command
          .description(
            'Install the control plane and the definitions of SMI objects into a cluster by server-side apply, and wait until it is ' +
              'ready. Again with the same values it changes nothing. Values of Open Service Mesh are understood, with a note.',
          )
          .summary('install the control plane into a cluster')
          .addOption(systemNamespaceOption()),
      ),
    )
      .option('--dry-run', 'write the objects to standard output instead, as YAML')
      .option('-o, --output <format>', 'with --dry-run: yaml')
      .option('--no-wait', 'do not wait until the control plane is ready')
      .option('--timeout <seconds>', 'how long to wait', whole(1, 3600), 300);
    addExamples(command, [
      'heddle install',
      'heddle install --set enablePermissiveTrafficPolicy=true --set replicaCount=3',
      'heddle install --dry-run -o yaml > heddle.yaml',
    ]);
  },
  run: async (context, command) => await install(context, command.opts<InstallOptions>(), 'install'),
};

/** `heddle upgrade`: the same, over the values that are installed. */
export const upgradeCommand: CliCommand = {
  name: 'upgrade',
  group: 'Kubernetes:',
  configure: command => {
    addValueOptions(
      addClusterOptions(
        command
          .description(
            'Bring an installation to this version of Heddle: with the values that it was installed with, and those that are given. Then ' +
              'every SMI object is written once, so that all are stored in the current version. Sidecars go on with what they have; ' +
              'pods get the sidecar of this version when they are made anew.',
          )
          .summary('bring an installation to this version')
          .addOption(systemNamespaceOption()),
      ),
    )
      .option('--dry-run', 'write the objects to standard output instead, as YAML')
      .option('-o, --output <format>', 'with --dry-run: yaml')
      .option('--no-wait', 'do not wait until the control plane is ready')
      .option('--timeout <seconds>', 'how long to wait', whole(1, 3600), 300);
    addExamples(command, ['heddle upgrade', 'heddle upgrade --set replicaCount=3']);
  },
  run: async (context, command) => await install(context, command.opts<InstallOptions>(), 'upgrade'),
};

async function install(
  context: CommandContext,
  options: InstallOptions,
  what: 'install' | 'upgrade',
): Promise<ExitCode> {
  const [{ heddleVersion }, values, mesh] = await Promise.all([
    import('../heddle-version.ts'),
    import('../run/installation-values.ts'),
    import('../run/install-mesh.ts'),
  ]);
  const { namespace } = options;
  const release = { namespace, version: await heddleVersion() };
  const isOffline = options.dryRun === true && what === 'install';
  const client = isOffline ? undefined : await clusterClient(context, options);
  const before = what === 'install' ? [] : [await installedValues(client, namespace)];
  const objects = values.installedObjects(await values.settledValues(context, options, before), release);
  if (options.dryRun === true || client === undefined) {
    const { objectYaml } = await import('../output/object-yaml.ts');
    context.stdout.write(objects.map(objectYaml).join('---\n'));
    return 0;
  }
  const told = (line: string): void => context.stdout.write(`${line}\n`);
  await mesh.applyObjects(client, objects, told);
  if (options.wait) await mesh.controllerReady(client, namespace, options.timeout * 1000, told);
  if (what === 'upgrade') {
    const { migrateStored } = await import('../run/migrate-stored.ts');
    await migrateStored(client, told);
  }
  told(`Heddle ${release.version} is installed. Put namespaces into its mesh with heddle namespace add.`);
  return 0;
}

async function installedValues(client: Awaited<ReturnType<typeof clusterClient>> | undefined, namespace: string) {
  const [{ objectAt }, { valuesIn }, { valuesConfigMap }] = await Promise.all([
    import('../run/install-mesh.ts'),
    import('../run/installation-values.ts'),
    import('../../install/installation.ts'),
  ]);
  const path = `/api/v1/namespaces/${namespace}/configmaps/${valuesConfigMap.name}`;
  const found = client && valuesIn(await objectAt(client, path));
  if (found === undefined) {
    throw new UsageError(`There is no installation in the namespace ${namespace}; heddle install makes one.`);
  }
  return found;
}

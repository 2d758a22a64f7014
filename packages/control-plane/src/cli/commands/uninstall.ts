import type { CliCommand } from '../cli-command.ts';
import { addExamples } from '../options.ts';
import { addClusterOptions, type ClusterChoice, clusterClient, systemNamespaceOption } from '../run/cluster-client.ts';

interface UninstallOptions extends ClusterChoice {
  readonly namespace: string;
  readonly all?: boolean;
}

/** `heddle uninstall`: the control plane, out of a cluster. */
export const uninstallCommand: CliCommand = {
  name: 'uninstall',
  group: 'Kubernetes:',
  configure: command => {
    addClusterOptions(
      command
        .description(
          'Take the control plane out of a cluster. SMI objects, their definitions and the authority of the mesh stay: definitions then ' +
            'serve the stored version and those with equal fields, and who writes in another is listed, as that stops working. Pods keep ' +
            'their sidecars, which go on with what they have, until they are made anew.',
        )
        .summary('take the control plane out of a cluster')
        .addOption(systemNamespaceOption()),
    ).option('--all', 'delete definitions, with every SMI object, and the namespace of the control plane, too');
    addExamples(command, ['heddle uninstall', 'heddle uninstall --all']);
  },
  run: async (context, command) => {
    const options = command.opts<UninstallOptions>();
    const [client, { uninstall }] = await Promise.all([
      clusterClient(context, options),
      import('../run/uninstall-mesh.ts'),
    ]);
    const { namespace, all = false } = options;
    await uninstall(client, { namespace, all }, line => context.stdout.write(`${line}\n`));
    return 0;
  },
};

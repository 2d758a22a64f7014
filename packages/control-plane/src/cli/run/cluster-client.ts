import { homedir } from 'node:os';
import { type Command, Option } from 'commander';
import type { ApiClient } from '../../kube/api-client.ts';
import { type CommandContext, UsageError } from '../cli-command.ts';

/** Which cluster. */
export interface ClusterChoice {
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Adds the options by which a cluster is chosen, as kubectl has them. */
export function addClusterOptions(command: Command): Command {
  return command
    .addOption(new Option('--kubeconfig <file>', 'how to reach the cluster; absent: KUBECONFIG, ~/.kube/config'))
    .addOption(new Option('--context <name>', 'context of the kubeconfig; absent: its current one'));
}

/** `-n`: the namespace of the control plane. */
export function systemNamespaceOption(): Option {
  return new Option('-n, --namespace <name>', 'where Heddle itself runs').default('heddle-system');
}

/** A client of the cluster that was chosen. Throws `UsageError` where nothing says how to reach one. */
export async function clusterClient(context: CommandContext, choice: ClusterChoice): Promise<ApiClient> {
  const [{ ApiClient: Client }, { findAccess, NoAccessError }] = await Promise.all([
    import('../../kube/api-client.ts'),
    import('../../kube/kube-access.ts'),
  ]);
  const lookup = {
    kubeconfig: choice.kubeconfig ?? context.config.kubeconfig,
    context: choice.context,
    home: homedir(),
  };
  const access = await findAccess(lookup).catch((error: unknown) => {
    throw error instanceof NoAccessError ? new UsageError(error.message) : error;
  });
  return new Client(access);
}

import { randomBytes } from 'node:crypto';
import { homedir, hostname } from 'node:os';
import { type CommandContext, UsageError } from '../cli-command.ts';

/** Flags of a controller of a cluster. */
export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly xdsAddress: string;
  readonly xdsPort: number;
  readonly metricsAddress: string;
  readonly metricsPort: number;
  readonly v: number;
}

/** Runs the controller of a cluster until the signal aborts, logging to standard error. */
export async function controlCluster(context: CommandContext, flags: ClusterFlags, signal: AbortSignal): Promise<void> {
  const [{ ApiClient }, { findAccess, NoAccessError }, { runKubernetesController }, { createLogger }] =
    await Promise.all([
      import('../../kube/api-client.ts'),
      import('../../kube/kube-access.ts'),
      import('../../kubernetes-controller.ts'),
      import('../../log.ts'),
    ]);
  const { trustDomain, clusterDomain } = context.config;
  const log = createLogger(flags.v, line => context.stderr.write(line));
  const lookup = {
    kubeconfig: flags.kubeconfig ?? context.config.kubeconfig,
    context: flags.context,
    home: homedir(),
  };
  const access = await findAccess(lookup).catch((error: unknown) => {
    throw error instanceof NoAccessError ? new UsageError(error.message) : error;
  });
  const service = `mesh-controller.${flags.namespace}.svc`;
  await runKubernetesController(
    {
      client: new ApiClient(access),
      namespace: flags.namespace,
      identity: `${hostname()}_${randomBytes(4).toString('hex')}`,
      dnsNames: [service, `${service}.${clusterDomain}`],
      xds: { host: flags.xdsAddress, port: flags.xdsPort },
      metrics: { host: flags.metricsAddress, port: flags.metricsPort },
      audience: 'heddle',
      settings: { trustDomain, clusterDomain },
      onListening: at => log.info('listening', at),
      log,
    },
    signal,
  );
}

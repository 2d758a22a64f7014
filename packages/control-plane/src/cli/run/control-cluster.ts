import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { CommandContext } from '../cli-command.ts';
import { type ClusterChoice, clusterClient } from './cluster-client.ts';

/** Flags of a controller of a cluster. */
export interface ClusterFlags extends ClusterChoice {
  readonly namespace: string;
  readonly xdsAddress: string;
  readonly xdsPort: number;
  readonly metricsAddress: string;
  readonly metricsPort: number;
  /** The file with the values of the installation; absent: the defaults. */
  readonly values?: string;
  readonly webhookAddress: string;
  /** 0: no webhooks. */
  readonly webhookPort: number;
  readonly v: number;
}

/** Runs the controller of a cluster until the signal aborts, logging to standard error. */
export async function controlCluster(context: CommandContext, flags: ClusterFlags, signal: AbortSignal): Promise<void> {
  const [{ runKubernetesController }, { createLogger }, { heddleVersion }, { settledValues }, client] =
    await Promise.all([
      import('../../kubernetes-controller.ts'),
      import('../../log.ts'),
      import('../heddle-version.ts'),
      import('./installation-values.ts'),
      clusterClient(context, flags),
    ]);
  const { trustDomain, clusterDomain } = context.config;
  const log = createLogger(flags.v, line => context.stderr.write(line));
  const service = `mesh-controller.${flags.namespace}.svc`;
  await runKubernetesController(
    {
      client,
      namespace: flags.namespace,
      identity: `${hostname()}_${randomBytes(4).toString('hex')}`,
      dnsNames: [service, `${service}.${clusterDomain}`],
      xds: { host: flags.xdsAddress, port: flags.xdsPort },
      metrics: { host: flags.metricsAddress, port: flags.metricsPort },
      audience: 'heddle',
      settings: { trustDomain, clusterDomain },
      ...(flags.webhookPort > 0 && {
        webhooks: {
          host: flags.webhookAddress,
          port: flags.webhookPort,
          values: await settledValues(context, { values: flags.values === undefined ? [] : [flags.values] }),
          version: await heddleVersion(),
        },
      }),
      onListening: at => log.info('listening', at),
      log,
    },
    signal,
  );
}

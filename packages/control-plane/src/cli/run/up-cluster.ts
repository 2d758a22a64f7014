import { resolve } from 'node:path';
import type { CommandContext } from '../cli-command.ts';
import { settingsAtStart } from '../files/mesh-settings.ts';
import type { MeshStart } from './start-mesh.ts';

/**
 * Runs a folder as a Kubernetes cluster on this machine, and prints how to reach it, until the signal aborts. Throws an error that
 * explains itself where something is missing or not permitted.
 */
export async function upCluster(
  { config, environment, stdout, stderr }: CommandContext,
  { directory, verbosity, authority: pem }: Pick<MeshStart, 'directory' | 'verbosity' | 'authority'>,
  signal: AbortSignal,
): Promise<void> {
  const [
    { runLocalCluster },
    { findPrograms },
    { findEnvoy },
    { CertificateAuthority },
    { createLogger },
    { runBaseOf },
  ] = await Promise.all([
    import('../../local-cluster.ts'),
    import('../../local/cluster/programs.ts'),
    import('../../sidecar/envoy-binary.ts'),
    import('../../identity/ca.ts'),
    import('../../log.ts'),
    import('../../local/host/local-mesh.ts'),
  ]);
  const { trustDomain, cacheDirectory, envoy, executablePath, runtimeDirectory, kubernetesPrograms } = config;
  const programs = await findPrograms({ assets: kubernetesPrograms, cacheDirectory });
  const uid = process.getuid?.() ?? 0;
  stderr.write('Starting a Kubernetes cluster …\n');
  await runLocalCluster(
    {
      directory: resolve(directory),
      runBase: runBaseOf(runtimeDirectory, uid),
      programs,
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
      environment,
      authority: new CertificateAuthority({ trustDomain, now: () => new Date(), ...(pem && { pem }) }),
      settings: settingsAtStart(config),
      envoy: await findEnvoy({ setting: envoy, path: executablePath, cacheDirectory }),
      uid,
      platform: process.platform,
      onReady: kubeconfig => {
        stderr.write('The cluster is ready; Ctrl-C ends it and leaves nothing behind. In another terminal:\n');
        stdout.write(`export KUBECONFIG=${kubeconfig}\n`);
      },
      log: createLogger(verbosity, line => stderr.write(line)),
    },
    signal,
  );
}

import { resolve } from 'node:path';
import { type Config, environmentOf } from '../../config.ts';
import { type AuthorityPem, writeAuthority } from '../../identity/authority-pem.ts';
import { CertificateAuthority } from '../../identity/ca.ts';
import { ControllerFeed } from '../../local/host/controller-feed.ts';
import type { ControllerExit } from '../../local/host/controller-process.ts';
import { type LocalMesh, runBaseOf, startLocalMesh } from '../../local/host/local-mesh.ts';
import { findEnvoy } from '../../sidecar/envoy-binary.ts';
import { readManifests } from '../../sources/files.ts';
import type { CommandContext } from '../cli-command.ts';
import { settingsAtStart } from '../files/mesh-settings.ts';
import { serveRotation } from './serve-rotation.ts';

/** What `heddle up` starts. */
export interface MeshStart {
  /** The folder of manifests. */
  readonly directory: string;
  /** Of the controller's log. */
  readonly verbosity: number;
  /** The first loopback port for what the controller counts. */
  readonly metricsPort: number;
  /** What signs; absent: a new root. */
  readonly authority: AuthorityPem | undefined;
  /** Told, in a sentence, when the controller ended and is started again. */
  readonly onControllerEnd: (sentence: string, wasKilled: boolean) => void;
}

/**
 * Starts the mesh of a folder. Throws an error that explains itself where
 * something is missing or not permitted.
 */
export async function startMesh(
  { config: given, environment }: CommandContext,
  { directory, verbosity, metricsPort, authority: signing, onControllerEnd }: MeshStart,
  signal: AbortSignal,
): Promise<LocalMesh> {
  const config = await withMeshConfig(given, directory);
  await findEnvoy({ setting: config.envoy, path: config.executablePath, cacheDirectory: config.cacheDirectory });
  const uid = process.getuid?.() ?? 0;
  const { trustDomain } = config;
  const authority = signing ?? new CertificateAuthority({ trustDomain, now: () => new Date() }).pem();
  const feed = new ControllerFeed(writeAuthority(authority));
  const mesh = await startLocalMesh(
    {
      directory: resolve(directory),
      runBase: runBaseOf(config.runtimeDirectory, uid),
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ''],
      environment,
      controllerFeed: feed,
      controllerEnvironment: environmentOf(config),
      controllerFlags: ['--v', String(verbosity), '--metrics-port', String(metricsPort)],
      onControllerEnd: exit => onControllerEnd(describeEnd(exit), exit.signal !== null),
      clusterDomain: config.clusterDomain,
      uid,
      platform: process.platform,
    },
    signal,
  );
  await serveRotation({ runDirectory: mesh.runDirectory, trustDomain, feed, authority }, signal);
  return mesh;
}

/** Which domains a mesh has is settled at its start: by the MeshConfig of its folder, if it says so. */
async function withMeshConfig(config: Config, directory: string): Promise<Config> {
  const { objects } = await readManifests([directory]);
  const { trustDomain, clusterDomain } = settingsAtStart(config, objects);
  return { ...config, trustDomain, clusterDomain };
}

function describeEnd({ code, signal, said }: ControllerExit): string {
  const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`;
  const why = signal === null && said !== '' ? ` (${said})` : '';
  return `The controller ${how}${why} and is started again; traffic goes on meanwhile.`;
}

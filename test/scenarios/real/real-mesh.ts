import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitReady } from '../../../packages/control-plane/src/cli/run/await-ready.ts';
import { writeAuthority } from '../../../packages/control-plane/src/identity/authority-pem.ts';
import { CertificateAuthority } from '../../../packages/control-plane/src/identity/ca.ts';
import { ControllerFeed } from '../../../packages/control-plane/src/local/host/controller-feed.ts';
import { type LocalMesh, startLocalMesh } from '../../../packages/control-plane/src/local/host/local-mesh.ts';
import { controllerLog } from '../../../packages/control-plane/src/local/host/run-layout.ts';
import type { Scenario } from '../scenario.ts';
import { localManifests } from './local-manifests.ts';
import { scratchDirectory } from './scratch.ts';

/** What meshes are run with. */
export interface RealMeshOptions {
  /** Path of the Envoy executable. */
  readonly envoy: string;
  /** Ends the mesh early. */
  readonly signal: AbortSignal;
}

let meshes = 0;

/**
 * Starts a scenario as `heddle up` would, waits until its pods and sidecars are ready, and hands it over; then ends it.
 * Nothing is left of it, whatever happened. Rejects where it does not get ready, with what is missing.
 */
export async function withRealMesh<Result>(
  scenario: Scenario,
  { envoy, signal }: RealMeshOptions,
  use: (mesh: LocalMesh) => Promise<Result>,
): Promise<Result> {
  meshes += 1;
  const directory = join(scratchDirectory(), String(meshes));
  await mkdir(directory);
  const end = new AbortController();
  let mesh: LocalMesh | undefined;
  try {
    mesh = await start(scenario, { directory, envoy }, AbortSignal.any([signal, end.signal]));
    await untilReady(mesh, signal);
    return await use(mesh);
  } finally {
    end.abort();
    await mesh?.ended;
    await rm(directory, { recursive: true, force: true });
  }
}

const main = join(import.meta.dirname, '../../../packages/control-plane/src/main.ts');

async function start(
  scenario: Scenario,
  { directory, envoy }: { readonly directory: string; readonly envoy: string },
  signal: AbortSignal,
): Promise<LocalMesh> {
  const manifests = join(directory, 'manifests');
  await mkdir(manifests);
  await writeFile(join(manifests, 'input.yaml'), localManifests(scenario));
  const { trustDomain, clusterDomain } = scenario.mesh.model.settings;
  const authority = new CertificateAuthority({ trustDomain, now: () => new Date() }).pem();
  const options = {
    directory: manifests,
    runBase: join(directory, 'run'),
    program: [process.execPath, '--conditions=source', main],
    environment: {
      ...ownEnvironment(),
      HEDDLE_ENVOY: envoy,
      HEDDLE_TRUST_DOMAIN: trustDomain,
      HEDDLE_CLUSTER_DOMAIN: clusterDomain,
    },
    controllerFeed: new ControllerFeed(writeAuthority(authority)),
    controllerFlags: [],
    clusterDomain,
    uid: process.getuid?.() ?? 0,
    platform: process.platform,
  };
  return await startLocalMesh(options, signal);
}

/** What programs need to be found, and to find what they have compiled before. */
function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(
    ['PATH', 'HOME', 'XDG_CACHE_HOME'].flatMap(name => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** Waits until every sidecar has acknowledged all that it is to have, and every pod answers. */
async function untilReady(mesh: LocalMesh, signal: AbortSignal): Promise<void> {
  try {
    await awaitReady(mesh, { seconds: 60, progress: { say: () => {}, hide: () => {} } }, signal);
  } catch (error) {
    const log = await readFile(controllerLog(mesh.runDirectory), 'utf8').catch(() => ''); // it has never come up
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${log}`, { cause: error });
  }
}

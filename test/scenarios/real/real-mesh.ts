import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchStatus } from '../../../packages/control-plane/src/api/client.ts';
import type { MeshStatus } from '../../../packages/control-plane/src/api/mesh-status.ts';
import { isReady } from '../../../packages/control-plane/src/cli/up.ts';
import { CertificateAuthority } from '../../../packages/control-plane/src/identity/ca.ts';
import { type LocalMesh, startLocalMesh } from '../../../packages/control-plane/src/local/local-mesh.ts';
import type { PodStatus } from '../../../packages/control-plane/src/local/pod.ts';
import { controllerLog, controllerSocket } from '../../../packages/control-plane/src/local/run-layout.ts';
import type { Scenario } from '../scenario.ts';
import { localManifests } from './local-manifests.ts';

/** Milliseconds after which a mesh that is not ready will not be. */
const patience = 60_000;

/** What meshes are run with. */
export interface RealMeshOptions {
  /** Path of the Envoy executable. */
  readonly envoy: string;
  /** Ends the mesh early. */
  readonly signal: AbortSignal;
}

/**
 * Starts a scenario as `heddle up` would, waits until its pods and sidecars are ready, and hands it over; then ends it.
 * Nothing is left of it, whatever happened. Rejects where it does not get ready, with what is missing.
 */
export async function withRealMesh<Result>(
  scenario: Scenario,
  { envoy, signal }: RealMeshOptions,
  use: (mesh: LocalMesh) => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted();
  const base = await mkdtemp(join(tmpdir(), 'hs-'));
  const end = new AbortController();
  let mesh: LocalMesh | undefined;
  try {
    mesh = await start(scenario, { base, envoy }, AbortSignal.any([signal, end.signal]));
    await untilReady(mesh, AbortSignal.any([signal, AbortSignal.timeout(patience)]));
    return await use(mesh);
  } finally {
    end.abort();
    await mesh?.ended;
    await rm(base, { recursive: true, force: true });
  }
}

/** Aborts when this process is told to end. */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort(name));
  return interrupted.signal;
}

const main = join(import.meta.dirname, '../../../packages/control-plane/src/main.ts');

async function start(
  scenario: Scenario,
  { base, envoy }: { readonly base: string; readonly envoy: string },
  signal: AbortSignal,
): Promise<LocalMesh> {
  const directory = join(base, 'manifests');
  await mkdir(directory);
  await writeFile(join(directory, 'input.yaml'), localManifests(scenario));
  const { trustDomain, clusterDomain, egress } = scenario.mesh.model.settings;
  const { certificatePem, privateKey } = new CertificateAuthority({ trustDomain, now: () => new Date() }).root();
  const environment: Record<string, string> = {
    HEDDLE_ENVOY: envoy,
    HEDDLE_TRUST_DOMAIN: trustDomain,
    HEDDLE_CLUSTER_DOMAIN: clusterDomain,
    HEDDLE_EGRESS: egress,
  };
  for (const name of ['PATH', 'HOME', 'XDG_CACHE_HOME']) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  const options = {
    directory,
    runBase: join(base, 'run'),
    program: [process.execPath, '--conditions=source', main],
    environment,
    controllerInput: JSON.stringify({ root: { certificatePem, privateKeyPem: privateKey.reveal() } }),
    controllerFlags: [],
    clusterDomain,
    uid: process.getuid?.() ?? 0,
    platform: process.platform,
  };
  return await startLocalMesh(options, signal);
}

/** Waits until every sidecar has acknowledged all that it is to have, and every pod answers. */
async function untilReady(mesh: LocalMesh, signal: AbortSignal): Promise<void> {
  const lasting = new AbortController();
  const both = AbortSignal.any([signal, lasting.signal]);
  let status: MeshStatus | undefined;
  let pods: readonly PodStatus[] = [];
  try {
    for await (const seen of watchStatus(controllerSocket(mesh.runDirectory), both)) {
      status = seen;
      if (isReady(seen)) break;
    }
    for await (const event of mesh.node.client.watchPods(both)) {
      pods = event.type === 'state' ? event.pods : await mesh.node.client.pods();
      if (pods.every(({ ready }) => ready)) return;
    }
  } finally {
    lasting.abort();
  }
  const log = await readFile(controllerLog(mesh.runDirectory), 'utf8').catch(() => ''); // it has never come up
  throw new Error(`the mesh did not get ready: ${whatIsMissing(status, pods)}\n${log}`);
}

function whatIsMissing(status: MeshStatus | undefined, pods: readonly PodStatus[]): string {
  if (status === undefined) return 'the controller says nothing';
  const rejected = status.sidecars.flatMap(({ pod, rejected: its }) =>
    its.map(({ name, message }) => `the sidecar of ${pod} rejected ${name}: ${message}`),
  );
  const behind = status.sidecars.filter(({ inSync }) => !inSync).map(({ pod }) => `the sidecar of ${pod} is behind`);
  const unready = pods
    .filter(({ ready }) => !ready)
    .map(({ name, message }) => `the pod ${name} is not ready${message === undefined ? '' : `: ${message}`}`);
  const workloads = status.workloads
    .filter(({ pods: wanted, ready }) => ready < wanted)
    .map(({ name }) => `pods of ${name} are not ready`);
  const refused = status.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  return [...rejected, ...behind, ...workloads, ...unready, ...refused].join('; ');
}

import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { heldObjects, type MeshSettings } from '@heddle/mesh';
import { serveStatus } from './api/server.ts';
import { Controller } from './controller.ts';
import type { CertificateAuthority } from './identity/ca.ts';
import { LocalMeshSource } from './local/controller/mesh-source.ts';
import { NodeClient } from './local/controller/node-client.ts';
import { NodeOutput } from './local/controller/node-output.ts';
import { frontDoor } from './local/desired/front-door.ts';
import { xdsDirectory } from './local/desired/pod-sidecar.ts';
import { controllerSocket, manifestMemory, stateDirectory } from './local/host/run-layout.ts';
import { nodeSocket } from './local/node/node.ts';
import type { Logger } from './log.ts';
import type { MeshReport } from './mesh-report.ts';
import { serveMetrics } from './metrics/server.ts';
import type { SidecarRef } from './outputs/sidecar-ref.ts';
import { openAddressBook } from './sources/addresses.ts';
import { makeDirectory } from './sources/make-directory.ts';
import { ManifestMemory } from './sources/manifest-memory.ts';
import type { XdsListening, XdsServer } from './xds/server.ts';

/** What the controller of a local mesh needs. */
export interface LocalControllerOptions {
  /** The folder of manifests. */
  readonly directory: string;
  /** The run directory that it shares with the node. */
  readonly runDirectory: string;
  readonly authority: CertificateAuthority;
  /** Takes what puts another authority in its place. */
  readonly onAuthority?: (replace: (authority: CertificateAuthority) => void) => void;
  /** Path of the Envoy executable. */
  readonly envoy: string;
  /** Of 127.0.0.1, for what it counts; the next free one where it is taken. */
  readonly metricsPort: number;
  /** What the MeshConfig is laid over; `heddle up` has asked it already for what counts from the start. */
  readonly settings: MeshSettings;
  readonly log: Logger;
}

/** Milliseconds before a socket that could not be opened is tried again. */
const socketRetry = 1000;

/** Runs the controller of a local mesh until the signal aborts: a folder of manifests and a node in, sidecars and the node out. */
export async function runLocalController(options: LocalControllerOptions, signal: AbortSignal): Promise<void> {
  const { runDirectory, settings, log } = options;
  const node = new NodeClient(nodeSocket(runDirectory));
  const onTrouble = (what: string, error: unknown) => log.error(what, error);
  const source = new LocalMeshSource({
    ...options,
    node,
    addresses: await openAddressBook(stateDirectory(runDirectory)),
    memory: await ManifestMemory.open({ directory: manifestMemory(runDirectory), onTrouble }),
    clusterDomain: settings.clusterDomain,
    onPods: () => controller.report.changed(),
    onTrouble,
  });
  const nodeOutput = new NodeOutput({ node, pods: () => source.pods, onTrouble });
  let metricsUrl: string | undefined;
  const controller: Controller = new Controller({
    settings,
    authority: options.authority,
    sources: [source],
    outputs: [nodeOutput],
    frontDoor: { workload: `${frontDoor.namespace}/${frontDoor.name}`, directory: '/run/heddle/shared' },
    open: (sidecar, xds) => openSocket({ sidecar, xds, runDirectory, log }, signal),
    onState: state => source.remember(() => heldObjects(state)),
    unready: sidecars => source.unready(sidecars.map(({ namespace, pod }) => ({ namespace, name: pod }))),
    metricsUrl: () => metricsUrl,
    log,
  });
  options.onAuthority?.(authority => controller.replaceAuthority(authority));
  metricsUrl = await openMetrics(options, controller.report, signal);
  await serveStatus(controllerSocket(runDirectory), controller.report, signal);
  await Promise.all([controller.run(signal), nodeOutput.run(signal)]);
}

/** A mesh goes on without: its state is to be seen by other means. */
async function openMetrics(
  { metricsPort, log }: LocalControllerOptions,
  report: MeshReport,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { port } = await serveMetrics(metricsPort, report, signal);
    return `http://127.0.0.1:${port}/metrics`;
  } catch (error) {
    log.error('no port for metrics could be had', error, { firstPort: metricsPort });
    return undefined;
  }
}

/** Whose socket to open, and where. */
export interface SocketToOpen {
  readonly sidecar: SidecarRef;
  readonly xds: XdsServer;
  readonly runDirectory: string;
  readonly log: Logger;
}

/** Each sidecar has a socket that no other pod sees: that proves who it is. Tried until it opens; undefined once the signal aborts. */
export async function openSocket(
  { sidecar: { nodeId, namespace, pod }, xds, runDirectory, log }: SocketToOpen,
  signal: AbortSignal,
): Promise<XdsListening | undefined> {
  const directory = xdsDirectory(runDirectory, { namespace, name: pod });
  while (!signal.aborted) {
    try {
      await makeDirectory(dirname(directory));
      await makeDirectory(directory);
      return await xds.listen({ path: join(directory, 'xds.sock'), node: nodeId });
    } catch (error) {
      log.error('a sidecar’s socket could not be opened', error, { nodeId });
      await delay(socketRetry, undefined, { signal }).catch(() => undefined); // the loop's condition sees the abort
    }
  }
  return undefined;
}

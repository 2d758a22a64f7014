import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { MeshSettings } from '@heddle/mesh';
import { crds } from '@heddle/smi';
import { serveStatus } from './api/server.ts';
import { Controller } from './controller.ts';
import type { CertificateAuthority } from './identity/ca.ts';
import { ApiClient } from './kube/api-client.ts';
import { findAccess } from './kube/kube-access.ts';
import { ResourcePaths } from './kube/resource-paths.ts';
import { type Cluster, startCluster } from './local/cluster/cluster.ts';
import type { ClusterPrograms } from './local/cluster/programs.ts';
import { NodeOutput } from './local/controller/node-output.ts';
import { type LocalNode, startLocalNode } from './local/host/local-node.ts';
import { createRunDirectory, removeRunDirectory } from './local/host/run-directory.ts';
import { controllerSocket } from './local/host/run-layout.ts';
import { applyFolder } from './local/kubelet/apply-folder.ts';
import { ClusterNode } from './local/kubelet/cluster-node.ts';
import { openSocket } from './local-controller.ts';
import type { Logger } from './log.ts';
import { ClusterReports } from './outputs/kubernetes/cluster-reports.ts';
import { logicalRoots } from './outputs/kubernetes/root-service.ts';
import { RootServices } from './outputs/kubernetes/root-services.ts';
import { AddressBook } from './sources/addresses.ts';
import { KubernetesSource } from './sources/kubernetes/kubernetes-source.ts';

/** What a cluster on this machine is started from. */
export interface LocalClusterOptions {
  /** The folder of manifests that are applied to it; absent: it starts empty. */
  readonly directory?: string;
  /** Where run directories are made. */
  readonly runBase: string;
  readonly programs: ClusterPrograms;
  /** The command line of this program, before its arguments. */
  readonly program: readonly string[];
  /** For all processes; containers start from it too. */
  readonly environment: Readonly<Record<string, string>>;
  readonly authority: CertificateAuthority;
  readonly settings: MeshSettings;
  /** Path of the Envoy executable. */
  readonly envoy: string;
  readonly uid: number;
  readonly platform: string;
  /** Told once the cluster takes requests. */
  readonly onReady: (kubeconfig: string) => void;
  readonly log: Logger;
}

/** What the only node of the cluster is called. */
const nodeName = 'local';

/**
 * Runs a Kubernetes cluster on this machine until the signal aborts: its own control plane, the pod runner as its one node, and
 * the mesh. Pods have the sidecar that the node brings, as in a local mesh. Nothing is left when it ends.
 */
export async function runLocalCluster(options: LocalClusterOptions, signal: AbortSignal): Promise<void> {
  const { runBase, directory, environment, programs, log } = options;
  const manifests = directory === undefined ? {} : { manifests: directory };
  const runDirectory = await createRunDirectory(runBase, { pid: process.pid, ...manifests });
  const failed = new AbortController();
  const end = AbortSignal.any([signal, failed.signal]);
  let cluster: Cluster | undefined;
  let node: LocalNode | undefined;
  try {
    const clusterDirectory = join(runDirectory, 'cluster');
    await mkdir(clusterDirectory, { mode: 0o700 });
    const { program, uid, platform, settings } = options;
    const nodeCommand = [...program, 'node'];
    const { clusterDomain } = settings;
    node = await startLocalNode({ runDirectory, nodeCommand, environment, clusterDomain, uid, platform }, end);
    const onTrouble = (sentence: string): void => log.info(sentence);
    cluster = await startCluster({ programs, directory: clusterDirectory, environment, onTrouble }, end);
    await runMesh(options, { runDirectory, cluster, node }, end);
  } finally {
    failed.abort();
    await Promise.all([node?.ended, cluster?.ended]);
    await removeRunDirectory(runBase, runDirectory);
  }
}

interface Running {
  readonly runDirectory: string;
  readonly cluster: Cluster;
  readonly node: LocalNode;
}

const now = (): Date => new Date();

async function runMesh(
  options: LocalClusterOptions,
  { runDirectory, cluster, node: { client: node } }: Running,
  signal: AbortSignal,
): Promise<void> {
  const { log, envoy, settings, directory } = options;
  const client = new ApiClient(await findAccess({ kubeconfig: cluster.kubeconfig }));
  await applyCrds(client, signal);
  const trouble = (what: string, error: unknown): void => {
    if (!signal.aborted) log.error(what, error);
  };
  const addresses = new AddressBook();
  const source = new KubernetesSource({
    client,
    sidecars: 'unless-refused',
    onTrouble: ({ kind, reason, hint }) => log.info('failed to list SMI policy', { object: kind.plural, reason, hint }),
    onPolicy: (ref, object) => reports.see(ref, object),
    onService: (ref, object) => roots.see(ref, object),
  });
  const kubelet: ClusterNode = new ClusterNode({
    name: nodeName,
    client,
    node,
    addresses,
    envoy,
    runDirectory,
    onPods: () => output.refresh(),
    onTrouble: trouble,
  });
  const output = new NodeOutput({ node, pods: () => kubelet.pods, onTrouble: trouble });
  const controller = new Controller({
    settings,
    authority: options.authority,
    sources: [source],
    outputs: [output],
    open: (sidecar, xds) => openSocket({ sidecar, xds, runDirectory, log }, signal),
    onState: ({ model }) => roots.want(logicalRoots(model)),
    log,
  });
  const { report } = controller;
  const reports = new ClusterReports({ client, report: () => report.status(), now, onTrouble: trouble });
  // Nobody else makes the Services of a playground: there is nothing to wait for.
  const roots = new RootServices({ client, onTrouble: trouble, absentFor: 500 });
  report.onChange(() => reports.changed());
  await serveStatus(controllerSocket(runDirectory), report, signal);
  options.onReady(cluster.kubeconfig);
  await Promise.all([
    controller.run(signal),
    output.run(signal),
    kubelet.run(signal),
    reports.run(signal),
    roots.run(signal),
    ...(directory === undefined ? [] : [applyFolder({ client, directory, onTrouble: trouble }, signal)]),
  ]);
}

async function applyCrds(client: ApiClient, signal: AbortSignal): Promise<void> {
  const paths = new ResourcePaths(client);
  const applied: string[] = [];
  for (const crd of crds()) {
    const object = { ...crd, metadata: { ...crd.metadata } };
    const path = await paths.of(object);
    await client.apply(path, object, { manager: 'heddle' });
    applied.push(path);
  }
  for (const path of applied) while (!(await isEstablished(client, path))) await delay(crdPoll, undefined, { signal });
}

/** Milliseconds between looks at a CustomResourceDefinition that is about to be served. */
const crdPoll = 50;

interface Established {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function isEstablished(client: ApiClient, path: string): Promise<boolean> {
  const { status } = await client.json<Established>({ path });
  return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True') === true;
}

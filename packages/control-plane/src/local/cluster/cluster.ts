/**
 * A Kubernetes control plane on this machine: etcd, kube-apiserver and kube-controller-manager as they are, on loopback, for
 * this user alone. In: where the programs are, and an empty directory. Out: a kubeconfig. It has no node of its own, and
 * must not know what anybody does with it.
 */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { apiServerArguments, controllerManagerArguments, etcdArguments } from './arguments.ts';
import {
  type ClusterFiles,
  type ClusterUser,
  clusterUsers,
  makeClusterFiles,
  writeKubeconfig,
} from './cluster-files.ts';
import { freePort } from './free-port.ts';
import { KeptProcess } from './kept-process.ts';
import type { ClusterPrograms } from './programs.ts';

/** How to start a cluster. */
export interface ClusterOptions {
  readonly programs: ClusterPrograms;
  /** Exists, is empty, and may be read by this user alone; its path is short enough for a socket's. Never removed. */
  readonly directory: string;
  /** PATH and the like for the programs. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whom the API server shall know besides its administrator. */
  readonly users?: readonly ClusterUser[];
  /** Without the controller manager there are no Deployments, no EndpointSlices, no tokens' ConfigMaps. Default true. */
  readonly controllers?: boolean;
  /** How long the API server may take to be ready, in milliseconds; default two minutes, for a busy machine. */
  readonly patience?: number;
  /** Told whenever a program ended by itself; it is started again. */
  readonly onTrouble?: (sentence: string) => void;
}

/** A running cluster. */
export interface Cluster {
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** PEM; vouches for the API server. */
  readonly ca: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** Writes the kubeconfig of one of `users`, and gives its path. */
  kubeconfigOf(user: ClusterUser): Promise<string>;
  readonly etcd: KeptProcess;
  readonly apiServer: KeptProcess;
  readonly controllerManager: KeptProcess;
  /** Resolves when the API server answers that it is ready; rejects after `patience`. */
  ready(): Promise<void>;
  /** Resolves when everything has ended, after the signal. */
  readonly ended: Promise<void>;
}

/** A cluster did not come up; the message has what its API server said last. */
export class ClusterError extends Error {
  readonly code = 'ClusterUnavailable';
  readonly retryable = true;
}

/** Starts a cluster that runs until the signal aborts; resolves once its API server is ready. */
export async function startCluster(options: ClusterOptions, signal: AbortSignal): Promise<Cluster> {
  const { programs, directory } = options;
  const users: readonly ClusterUser[] = [clusterUsers.admin, clusterUsers.controllerManager, ...(options.users ?? [])];
  const files = await makeClusterFiles(directory, users);
  const port = await freePort();
  const server = `https://127.0.0.1:${port}`;
  const kubeconfigOf = async (user: ClusterUser): Promise<string> => {
    const file = join(directory, `${user.name.replaceAll(/[^a-z0-9-]/g, '-')}.kubeconfig`);
    const { servingCertificate: caFile } = files;
    await writeKubeconfig(file, { server, caFile, user: user.name, token: files.token(user) });
    return file;
  };
  const managerConfig = join(directory, `${clusterUsers.controllerManager.name.replace(':', '-')}.kubeconfig`);
  const keep = keeper(options, files);
  const etcd = keep('etcd', [programs.etcd, ...etcdArguments(files)]);
  const apiServer = keep('kube-apiserver', [programs.apiServer, ...apiServerArguments(files, port)]);
  const controllerManager = keep('kube-controller-manager', [
    programs.controllerManager,
    ...controllerManagerArguments(files, managerConfig),
  ]);
  const ready = async (): Promise<void> =>
    await awaitReady({ port, files, processes: [etcd, apiServer], options }, signal);
  etcd.start();
  apiServer.start();
  const ended = endWith([controllerManager, apiServer, etcd], signal);
  try {
    await ready();
  } catch (error) {
    await Promise.all([apiServer.stop(), etcd.stop()]);
    throw error;
  }
  await kubeconfigOf(clusterUsers.controllerManager);
  if (options.controllers !== false && !signal.aborted) controllerManager.start();
  return {
    server,
    ca: await readFile(files.servingCertificate, 'utf8'),
    kubeconfig: await kubeconfigOf(clusterUsers.admin),
    kubeconfigOf,
    etcd,
    apiServer,
    controllerManager,
    ready,
    ended,
  };
}

function keeper(options: ClusterOptions, files: ClusterFiles) {
  return (name: string, command: readonly string[]): KeptProcess =>
    new KeptProcess({
      name,
      command,
      environment: options.environment,
      logFile: files.log(name),
      onEnd: how => options.onTrouble?.(`${name} ended (${how}) and is started again.`),
    });
}

/** Nothing of a cluster outlives it, so nothing needs to be written down in order. */
async function endWith(processes: readonly KeptProcess[], signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  await Promise.all(processes.map(async process => await process.stop('at once')));
}

interface Awaited {
  readonly port: number;
  readonly files: ClusterFiles;
  readonly processes: readonly KeptProcess[];
  readonly options: ClusterOptions;
}

/** A program that ends so often while it starts does not come up any more. */
const hopeless = 4;

async function awaitReady({ port, files, processes, options }: Awaited, signal: AbortSignal): Promise<void> {
  const patience = options.patience ?? 120_000;
  const deadline = performance.now() + patience;
  const endsBefore = processes.map(({ ends }) => ends);
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    if (await isReady(port, files)) return;
    const ending = processes.find(({ ends }, index) => ends - (endsBefore[index] ?? 0) >= hopeless);
    if (ending !== undefined) {
      throw new ClusterError(`${ending.name} ends whenever it is started. It said:\n${await ending.lastWords()}`);
    }
    await delay(100, undefined, { signal });
  }
  const said = await processes.at(-1)?.lastWords();
  throw new ClusterError(
    `The Kubernetes API server was not ready within ${patience / 1000} seconds. It said:\n${said}`,
  );
}

async function isReady(port: number, files: ClusterFiles): Promise<boolean> {
  const ca = await readFile(files.servingCertificate).catch(() => undefined); // not made yet
  if (ca === undefined) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const headers = { authorization: `Bearer ${files.token(clusterUsers.admin)}` };
  const ask = request(
    { host: '127.0.0.1', port, path: '/readyz', ca, headers, agent: false, timeout: 5000 },
    answer => {
      answer.resume();
      resolve(answer.statusCode === 200);
    },
  );
  ask.on('timeout', () => ask.destroy());
  ask.on('error', () => resolve(false)); // it does not listen yet
  ask.end();
  return await promise;
}

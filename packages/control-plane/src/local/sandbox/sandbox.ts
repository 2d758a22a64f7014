/** The namespaces of one pod: network, mounts, processes, host name. */
import { type ChildProcess, spawn } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { interceptionRules, sidecarMark } from '../../sidecar/interception.ts';
import type { Pod } from '../pod.ts';
import { type EntryKind, type HostView, type MountPlan, planMounts, type WantedMount } from './mount-plan.ts';
import { bridgeName, type PodNetwork, podNetworkCommands } from './network.ts';
import { sandboxScript } from './sandbox-script.ts';
import { volumeDirectory } from './volumes.ts';

/** What every pod of a node shares. */
export interface NodeSettings {
  /** Directory of the run, also seen by the host; hidden from pods. */
  readonly runDirectory: string;
  /** Memory-backed directory that nobody but the node sees. */
  readonly privateDirectory: string;
  readonly network: PodNetwork;
  /** E.g. `cluster.local`. */
  readonly clusterDomain: string;
  /** What every container starts from: PATH, HOME and the like. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Where the files of one pod are. */
export interface PodPlaces {
  /** Unique on the node, short. */
  readonly id: string;
  /** In the node's private directory. */
  readonly directory: string;
  readonly volumes: string;
  /** Directory of the run with the Unix socket `admin.sock` of the pod's sidecar. */
  readonly admin: string;
}

/** Places of a pod; the id must be unique over the life of the node. */
export function podPlaces(settings: NodeSettings, id: string): PodPlaces {
  const directory = join(settings.privateDirectory, 'pods', id);
  return { id, directory, volumes: join(directory, 'volumes'), admin: join(settings.runDirectory, 'sidecars', id) };
}

/** A pod's namespaces could not be made; the message is what the failing command said. */
export class SandboxError extends Error {
  readonly code = 'SandboxFailed';
  readonly retryable = true;
}

/** The standing namespaces of a pod. */
export interface Sandbox {
  /** Process id of its init in the node's PID namespace: what `nsenter --target` takes. */
  readonly pid: number;
  /** Resolves when the init is gone, and with it all processes of the pod. */
  readonly ended: Promise<void>;
  /** Kills everything in it. */
  kill(): void;
}

const unshareFlags = '--net --mount --pid --uts --ipc --fork --kill-child --propagation private'.split(' ');

/** Makes the namespaces of a pod, whose volumes are in place. Throws {@link SandboxError}. */
export async function createSandbox(pod: Pod, places: PodPlaces, settings: NodeSettings): Promise<Sandbox> {
  const link = `pod${places.id}`;
  await writeSandboxFiles(pod, places, settings, link);
  const init = spawn(
    'unshare',
    [...unshareFlags, 'sh', '-c', sandboxScript, 'sh', places.directory, link, bridgeName, hostName(pod)],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...settings.environment } },
  );
  const ended = endOf(init);
  const pid = await Promise.race([pidOf(init), ended]);
  if (pid === undefined) {
    const said = (await text(init.stderr)).trim();
    throw new SandboxError(`the pod's namespaces could not be set up: ${said === '' ? 'no reason was given' : said}`);
  }
  init.stderr.destroy();
  return { pid, ended, kill: () => kill(pid) };
}

async function endOf(init: ChildProcess): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  init.on('exit', () => resolve(undefined));
  init.on('error', () => resolve(undefined));
  return promise;
}

async function pidOf(init: ChildProcess): Promise<number | undefined> {
  if (init.stdout === null) return undefined;
  for await (const line of createInterface({ input: init.stdout })) {
    const pid = /^up (\d+)$/.exec(line)?.[1];
    if (pid !== undefined) return Number(pid);
  }
  return undefined;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

/** As Kubernetes cuts it: a host name has at most 63 characters. */
function hostName(pod: Pod): string {
  return (pod.hostname ?? pod.name).slice(0, 63).replace(/[-.]+$/, '');
}

async function writeSandboxFiles(pod: Pod, places: PodPlaces, settings: NodeSettings, link: string): Promise<void> {
  const at = (name: string) => join(places.directory, name);
  for (const directory of ['root', 'mirrors', 'empty', 'volumes']) await mkdir(at(directory), { recursive: true });
  const { network, clusterDomain } = settings;
  await writeFile(at('network'), podNetworkCommands(pod.ip, link, network));
  await writeFile(at('resolv.conf'), resolvConf(pod.namespace, network.gateway, clusterDomain));
  await writeFile(at('hosts'), hostsFile(pod));
  await writeFile(at('nsswitch.conf'), nameServiceSwitch());
  const interception = pod.sidecar?.interception;
  if (pod.sidecar && interception !== null) {
    const rules = interceptionRules({
      sidecar: { mark: sidecarMark },
      dnsServers: [network.gateway],
      excludeInboundCidrs: [`${network.gateway}/32`],
      ...interception,
    });
    await writeFile(at('rules.ipv4'), rules.ipv4);
    await writeFile(at('rules.ipv6'), rules.ipv6);
  }
  const plan = planMounts(wantedMounts(pod, places, settings), host, { root: at('root'), mirrors: at('mirrors') });
  await makeEntries(plan);
  await mkdir(join(at('root'), '.node'));
  await writeFile(at('fstab'), `${plan.table.join('\n')}\n`);
}

/** What a pod sees that the host does not have, and what of the host it does not see. */
function wantedMounts(pod: Pod, places: PodPlaces, settings: NodeSettings): readonly WantedMount[] {
  const at = (name: string) => join(places.directory, name);
  const empty = { source: at('empty'), kind: 'directory', readOnly: true } as const;
  const mounts: WantedMount[] = [
    { at: '/proc', source: at('empty'), kind: 'directory' },
    { at: settings.runDirectory, ...empty },
    { at: '/etc/resolv.conf', source: at('resolv.conf'), kind: 'file' },
    { at: '/etc/hosts', source: at('hosts'), kind: 'file' },
    { at: '/etc/nsswitch.conf', source: at('nsswitch.conf'), kind: 'file' },
  ];
  // A cache of the host's names would answer in place of the pod network's DNS server.
  if (host.kind('/run/nscd') === 'directory') mounts.push({ at: '/run/nscd', ...empty });
  const { sidecar } = pod;
  if (sidecar) {
    mounts.push({ at: '/run/heddle/xds', source: sidecar.xdsDirectory, kind: 'directory' });
    mounts.push({ at: '/run/heddle/admin', source: places.admin, kind: 'directory' });
    if (sidecar.sharedDirectory !== undefined) {
      mounts.push({ at: '/run/heddle/shared', source: sidecar.sharedDirectory, kind: 'directory' });
    }
  }
  return [...mounts, ...volumeMounts(pod, places)];
}

/**
 * Containers of a pod share its mount namespace, hence each other's mounts; two that mount different volumes at the same
 * path both see that of the later container.
 */
function volumeMounts(pod: Pod, places: PodPlaces): WantedMount[] {
  const volumes = new Map((pod.volumes ?? []).map(volume => [volume.name, volume]));
  const byPath = new Map<string, WantedMount>();
  for (const mount of pod.containers.flatMap(container => container.volumeMounts ?? [])) {
    const volume = volumes.get(mount.name);
    if (volume === undefined)
      throw new SandboxError(`a container mounts the volume ${mount.name}, which the pod does not have`);
    const source = join(volumeDirectory(places.volumes, volume), mount.subPath ?? '');
    const kind = host.kind(source) === 'file' || host.kind(source) === 'link' ? 'file' : 'directory';
    if (host.kind(source) === 'missing')
      throw new SandboxError(`${source}, to be mounted at ${mount.mountPath}, does not exist`);
    byPath.set(mount.mountPath, {
      at: mount.mountPath,
      source,
      kind,
      readOnly: mount.readOnly === true || 'files' in volume,
    });
  }
  return [...byPath.values()];
}

function resolvConf(namespace: string, server: string, clusterDomain: string): string {
  const search = [`${namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain].join(' ');
  return `search ${search}\nnameserver ${server}\noptions ndots:5\n`;
}

function hostsFile(pod: Pod): string {
  return `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${pod.ip} ${hostName(pod)}\n`;
}

/** The host's, but names of hosts come from the file and from DNS alone: no local resolver service, no multicast. */
function nameServiceSwitch(): string {
  const path = '/etc/nsswitch.conf';
  const others = host.kind(path) === 'missing' ? [] : readFileSync(path, 'utf8').split('\n');
  return `${[...others.filter(line => !/^\s*hosts:/.test(line)), 'hosts: files dns'].join('\n')}\n`;
}

async function makeEntries(plan: MountPlan): Promise<void> {
  for (const entry of plan.make) {
    if (entry.kind === 'directory') await mkdir(entry.path, { recursive: true });
    else if (entry.kind === 'link') await symlink(entry.target, entry.path);
    else await writeFile(entry.path, '');
  }
}

const host: HostView = {
  kind(path): EntryKind {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'missing';
    if (stats.isSymbolicLink()) return 'link';
    return stats.isDirectory() ? 'directory' : 'file';
  },
  list(path) {
    try {
      return readdirSync(path);
    } catch {
      return []; // not readable: nothing of it can be shown
    }
  },
  target: path => readlinkSync(path),
};

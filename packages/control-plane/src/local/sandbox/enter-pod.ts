/** Into the namespaces of a pod: how a program is run there, and how it is signalled from outside. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A program to run in a pod. */
export interface Entry {
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly workingDirectory: string;
  /** Capabilities that it keeps, in setpriv(1)'s words. */
  readonly capabilities: readonly string[];
}

/**
 * What applications may do: what container runtimes allow, but for making raw packets. Above all not to mark their own
 * packets as the sidecar's, and not to unmount what hides other pods' sockets.
 */
export const applicationCapabilities =
  'chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot setfcap'.split(' ');

/** What a sidecar may do: mark its packets. */
export const sidecarCapabilities = ['net_admin', 'net_bind_service', 'dac_override'];

/**
 * The command line that runs a program in the namespaces of the pod whose init has that process id, as seen from the
 * node's PID namespace. It exits as the program does.
 */
export function enterPod(pid: number, entry: Entry): string[] {
  const bounding = ['-all', ...entry.capabilities.map(capability => `+${capability}`)].join(',');
  const enter = ['nsenter', '--target', String(pid), ...'--net --mount --pid --uts --ipc'.split(' ')];
  const drop = ['setpriv', '--bounding-set', bounding, '--inh-caps=-all'];
  const inDirectory = ['sh', '-c', 'cd -- "$0" && exec "$@"', entry.workingDirectory];
  return [...enter, ...drop, ...inDirectory, ...entry.command];
}

const retryMilliseconds = 10;

/**
 * Signals the program that a command line of {@link enterPod} runs, or one that enters the node first. `nsenter` itself
 * passes no signal on, and must not be killed in its place: it ends as the program does. Where it has not started the
 * program yet, this is tried again.
 */
export function signalInside(entered: ChildProcess, signal: NodeJS.Signals): void {
  const { pid } = entered;
  if (pid === undefined || entered.exitCode !== null || entered.signalCode !== null) return;
  try {
    let inside = childrenOf(pid);
    while (inside.length === 1 && inside.every(isEntering)) inside = inside.flatMap(childrenOf);
    if (inside.length === 0) setTimeout(() => signalInside(entered, signal), retryMilliseconds);
    for (const child of inside) process.kill(child, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .flatMap(child => (child === '' ? [] : Number(child)));
}

function isEntering(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'nsenter';
}

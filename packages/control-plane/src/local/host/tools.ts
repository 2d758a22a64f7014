/** The programs that the node runs, and what to say where one is missing. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

/** Something that this machine lacks or forbids; the message is one sentence that says what to do. */
export class LocalMeshError extends Error {
  readonly code = 'LocalMeshUnavailable';
  readonly retryable = false;
}

const required = [
  { tool: 'unshare', part: 'util-linux' },
  { tool: 'nsenter', part: 'util-linux' },
  { tool: 'setpriv', part: 'util-linux' },
  { tool: 'mount', part: 'util-linux (Debian: mount)' },
  { tool: 'pivot_root', part: 'util-linux' },
  { tool: 'ip', part: 'iproute2' },
  { tool: 'iptables-restore', part: 'iptables' },
] as const;

/** PATH with the directories of system programs, which a plain user's often lacks. */
export function toolPath(path: string | undefined): string {
  const directories = (path ?? '').split(':').filter(directory => directory !== '');
  const missing = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter(d => !directories.includes(d));
  return [...directories, ...missing].join(':');
}

/** Throws a {@link LocalMeshError} where the platform or a program is missing. `path` is a {@link toolPath}. */
export async function requireTools(platform: string, path: string): Promise<void> {
  if (platform !== 'linux') {
    throw new LocalMeshError(
      `The local mesh needs Linux network namespaces; this is ${platform}. Run it in a Linux VM.`,
    );
  }
  for (const { tool, part } of required) {
    if (await isOnPath(tool, path)) continue;
    throw new LocalMeshError(
      `The program ${tool} is missing: install ${part}, e.g. apt-get install ${part.split(' ')[0]}.`,
    );
  }
}

async function isOnPath(tool: string, path: string): Promise<boolean> {
  for (const directory of path.split(':')) {
    try {
      await access(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      // Not there: the next directory is tried.
    }
  }
  return false;
}

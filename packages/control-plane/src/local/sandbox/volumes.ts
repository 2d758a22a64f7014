/** The content of a pod's volumes on disk. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { Pod, Volume, VolumeFile } from '../pod.ts';

/** A volume whose content can't be laid out; the message says which and why. */
export class VolumeError extends Error {
  readonly code = 'VolumeInvalid';
  readonly retryable = false;
}

/** Directory of the host in which a volume's content is. */
export function volumeDirectory(volumes: string, volume: Volume): string {
  return 'hostPath' in volume ? volume.hostPath : join(volumes, volume.name);
}

/** Makes the volumes of a pod beneath a directory, or brings those whose content changed up to date. */
export async function writeVolumes(volumes: string, pod: Pod): Promise<void> {
  for (const volume of pod.volumes ?? []) {
    if ('hostPath' in volume) continue;
    const directory = volumeDirectory(volumes, volume);
    await mkdir(directory, { recursive: true });
    if ('files' in volume) await writeFiles(directory, volume.files);
  }
}

/**
 * Lays out files as Kubernetes does: in a directory of their own that `..data` points to, with a link for each name at the
 * top that leads through `..data`. New content is put in place by one rename, so that a reader sees all of it or none.
 */
async function writeFiles(directory: string, files: Readonly<Record<string, VolumeFile>>): Promise<void> {
  const content = `..${hashOf(files)}`;
  const current = await readlink(join(directory, '..data')).catch(() => null); // absent at first
  if (current === content) return;
  await rm(join(directory, content), { recursive: true, force: true });
  await mkdir(join(directory, content));
  for (const [path, file] of Object.entries(files)) {
    const at = join(directory, content, within(path));
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, Buffer.from(file.data, 'base64'), { mode: file.mode ?? 0o644 });
  }
  await symlink(content, join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
  const wanted = new Set(Object.keys(files).map(path => within(path).split('/', 1)[0] ?? path));
  const present = (await readdir(directory)).filter(name => !name.startsWith('..'));
  for (const name of present) if (!wanted.has(name)) await rm(join(directory, name));
  for (const name of wanted)
    if (!present.includes(name)) await symlink(posix.join('..data', name), join(directory, name));
  if (current !== null) await rm(join(directory, current), { recursive: true, force: true });
}

function within(path: string): string {
  const normal = posix.normalize(path);
  if (normal.startsWith('/') || normal.startsWith('..') || normal === '.') {
    throw new VolumeError(`${path} is not a path inside a volume`);
  }
  return normal;
}

function hashOf(files: Readonly<Record<string, VolumeFile>>): string {
  const entries = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex').slice(0, 16);
}

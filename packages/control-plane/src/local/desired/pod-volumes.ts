/** The volumes of a pod, with their content resolved. Pure. */
import { posix } from 'node:path';
import type { FieldPath } from '@heddle/smi';
import { isRecord, type JsonRecord, recordOf } from '../../sources/record.ts';
import type { Volume, VolumeFile } from '../pod.ts';
import type { ConfigurationKind } from './configuration.ts';
import { fieldValue, resourceValue } from './pod-field.ts';
import type { PodReading } from './pod-reading.ts';

type Files = Record<string, VolumeFile>;

/**
 * Resolves the volumes of a pod. A kind of volume that the local mesh does not have (a persistent volume, say) is an empty
 * directory; that it isn't honoured is said where all such fields are. Service account tokens are left out.
 */
export function podVolumes(reading: PodReading): Volume[] {
  const written: readonly unknown[] = Array.isArray(reading.spec['volumes']) ? reading.spec['volumes'] : [];
  const taken = new Set<string>();
  return written.map(recordOf).flatMap((volume, index) => {
    const path = ['spec', 'volumes', index];
    const { name } = volume;
    if (typeof name !== 'string' || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) || taken.has(name)) {
      reading.refuse([...path, 'name'], 'A volume needs a name of its own: lower case letters, digits and "-".');
      return [];
    }
    taken.add(name);
    return [podVolume(reading, name, { volume, path })];
  });
}

function podVolume(
  reading: PodReading,
  name: string,
  { volume, path }: { readonly volume: JsonRecord; readonly path: FieldPath },
): Volume {
  const { hostPath, projected } = volume;
  if (isRecord(hostPath)) {
    const host = hostPath['path'];
    if (typeof host === 'string' && host.startsWith('/')) return { name, hostPath: host };
    reading.refuse([...path, 'hostPath', 'path'], 'hostPath.path must be an absolute path.');
  }
  if (isRecord(projected)) {
    const sources: readonly unknown[] = Array.isArray(projected['sources']) ? projected['sources'] : [];
    const mode = defaultMode(projected);
    const parts = sources.map((source, index) =>
      filesOf(reading, { source: recordOf(source), path: [...path, 'projected', 'sources', index] }, mode),
    );
    return { name, files: Object.assign({}, ...parts) as Files };
  }
  const isOfFiles = Object.keys(fileSources).some(field => isRecord(volume[field]));
  return isOfFiles ? { name, files: filesOf(reading, { source: volume, path }, {}) } : { name, emptyDir: true };
}

type ReadFiles = (
  reading: PodReading,
  at: { readonly reference: JsonRecord; readonly path: FieldPath },
  mode: Pick<VolumeFile, 'mode'>,
) => Files;

const fileSources: Readonly<Record<string, ReadFiles>> = {
  configMap: (reading, at, mode) => configurationFiles(reading, 'ConfigMap', at, mode),
  secret: (reading, at, mode) => configurationFiles(reading, 'Secret', at, mode),
  downwardAPI: downwardFiles,
};

/** The files of a volume, or of one source of a projected one. */
function filesOf(
  reading: PodReading,
  { source, path }: { readonly source: JsonRecord; readonly path: FieldPath },
  outerMode: Pick<VolumeFile, 'mode'>,
): Files {
  const files: Files = {};
  for (const [field, read] of Object.entries(fileSources)) {
    const reference = source[field];
    if (!isRecord(reference)) continue;
    Object.assign(
      files,
      read(reading, { reference, path: [...path, field] }, { ...outerMode, ...defaultMode(reference) }),
    );
  }
  return files;
}

function configurationFiles(
  reading: PodReading,
  kind: ConfigurationKind,
  { reference, path }: { readonly reference: JsonRecord; readonly path: FieldPath },
  mode: Pick<VolumeFile, 'mode'>,
): Files {
  const configuration = reading.configuration(kind, reference, path);
  if (configuration === undefined) return {};
  const { items } = reference;
  if (!Array.isArray(items) || items.length === 0) {
    return Object.fromEntries([...configuration.files].map(([key, data]) => [key, { data, ...mode }]));
  }
  const files: Files = {};
  for (const [index, item] of items.map(recordOf).entries()) {
    const at = [...path, 'items', index];
    const key = typeof item['key'] === 'string' ? item['key'] : '';
    const data = configuration.files.get(key);
    const inside = pathInside(reading, item, at);
    if (data !== undefined && inside !== undefined) files[inside] = { data, ...mode, ...modeOf(item['mode']) };
    else if (data === undefined && reference['optional'] !== true) reading.keyMissing(configuration, key, at);
  }
  return files;
}

function downwardFiles(
  reading: PodReading,
  { reference, path }: { readonly reference: JsonRecord; readonly path: FieldPath },
  mode: Pick<VolumeFile, 'mode'>,
): Files {
  const items: readonly unknown[] = Array.isArray(reference['items']) ? reference['items'] : [];
  const files: Files = {};
  for (const [index, item] of items.map(recordOf).entries()) {
    const at = [...path, 'items', index];
    const inside = pathInside(reading, item, at);
    if (inside === undefined) continue;
    const value = isRecord(item['resourceFieldRef'])
      ? resourceValue(reading, item['resourceFieldRef'], { path: [...at, 'resourceFieldRef'] })
      : fieldValue(reading, item['fieldRef'], [...at, 'fieldRef']);
    files[inside] = { data: Buffer.from(value).toString('base64'), ...mode, ...modeOf(item['mode']) };
  }
  return files;
}

function pathInside(reading: PodReading, item: JsonRecord, at: FieldPath): string | undefined {
  const { path } = item;
  if (typeof path === 'string' && path !== '') {
    const normal = posix.normalize(path);
    if (normal !== '.' && !normal.startsWith('/') && !normal.startsWith('..')) return normal;
  }
  reading.refuse([...at, 'path'], `${JSON.stringify(path ?? '')} is not a path inside a volume.`);
  return undefined;
}

function defaultMode(reference: JsonRecord): Pick<VolumeFile, 'mode'> {
  return modeOf(reference['defaultMode']);
}

function modeOf(mode: unknown): Pick<VolumeFile, 'mode'> {
  return typeof mode === 'number' ? { mode } : {};
}

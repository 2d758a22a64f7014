import { stat } from 'node:fs/promises';
import {
  compareFindings,
  createCompiler,
  type Finding,
  findingAt,
  findingsOf,
  type MeshModel,
  type ResourceSet,
  ResourceStore,
} from '@heddle/mesh';
import type { SourceObject } from '@heddle/smi';
import { AddressBook } from '../../sources/addresses.ts';
import { type ManifestSet, readManifests } from '../../sources/files.ts';
import { MeshObjects } from '../../sources/mesh-objects.ts';
import { readTraffic, type Traffic } from '../../traffic/traffic.ts';
import { type CommandContext, UsageError } from '../cli-command.ts';
import { showProgress } from '../output/progress.ts';
import { settingsAtStart } from './mesh-settings.ts';

/** A mesh, made once from manifests. */
export interface LoadedMesh {
  /** Objects that were read, Traffic included. */
  readonly objects: readonly SourceObject[];
  readonly set: ResourceSet;
  readonly model: MeshModel;
  /** Everything that is wrong with the manifests and what they say, in order of place. */
  readonly findings: readonly Finding[];
  readonly traffic: readonly Traffic[];
}

/**
 * Reads manifests and makes the mesh that they say: read, complete (pods, addresses), hold, compile. The same functions in
 * the same order as the running mesh, once. Throws `UsageError` for a path that does not exist.
 */
export async function loadMesh(paths: readonly string[], context: CommandContext): Promise<LoadedMesh> {
  const manifests = await read(paths, context);
  const settings = settingsAtStart(context.config, manifests.objects);
  const { clusterDomain } = settings;
  const completed = new MeshObjects({ addresses: new AddressBook(), clusterDomain }).complete(manifests.objects);
  const store = new ResourceStore();
  store.configure(settings);
  const set = store.apply({ upserts: [frontDoorAccount, ...completed.objects], removals: [] });
  const model = createCompiler()(set);
  const traffic = manifests.traffic.map(source => readTraffic(source, clusterDomain));
  const findings = [
    ...manifests.findings,
    ...completed.findings,
    ...findingsOf(model),
    ...traffic.flatMap(({ source, problems }) =>
      problems.map(({ path, message }) => findingAt('InvalidField', source, path, message)),
    ),
  ];
  return {
    objects: [...manifests.objects, ...manifests.traffic],
    set,
    model,
    findings: findings.toSorted(compareFindings),
    traffic,
  };
}

/** The identity of the front door, which every mesh has without anybody writing it: TrafficTargets let it in like any other. */
const frontDoorAccount: SourceObject = {
  object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: 'heddle-system', name: 'front-door' } },
};

async function read(paths: readonly string[], context: CommandContext): Promise<ManifestSet> {
  for (const path of paths) {
    if (path !== '-' && !(await exists(path))) throw new UsageError(`There is no file or folder ${path}.`);
  }
  const options = paths.includes('-') ? { stdin: await context.readStdin() } : {};
  const done = showProgress(context.stderr, `Reading ${paths.join(', ')}`);
  try {
    return await readManifests(paths, options);
  } finally {
    done();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false; // whatever the reason: there is nothing to read under that name
  }
}

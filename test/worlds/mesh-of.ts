import {
  createCompiler,
  createEnvoyRenderer,
  defaultSettings,
  type EnvoyOutput,
  type EnvoyTarget,
  type Finding,
  findingsOf,
  type MeshModel,
  type MeshSettings,
  type ResourceSet,
  ResourceStore,
  startSettings,
} from '@heddle/mesh';
import type { KubeObject, SourceObject } from '@heddle/smi';
import { AddressBook } from '../../packages/control-plane/src/sources/addresses.ts';
import { MeshObjects } from '../../packages/control-plane/src/sources/mesh-objects.ts';

/** Everything that the pure stages make of some objects. */
export interface MadeMesh {
  readonly set: ResourceSet;
  readonly model: MeshModel;
  readonly findings: readonly Finding[];
  readonly sidecars: EnvoyOutput['sidecars'];
}

/** What tests render for: a mesh without a front door. */
export const testTarget: EnvoyTarget = {};

/** Completes objects as a source does (pods, addresses), compiles them from scratch and renders them for Envoy. */
export function meshOf(objects: readonly KubeObject[]): MadeMesh {
  return meshOfSources(objects.map(object => ({ object })));
}

/** The same for objects that know where they were written. */
export function meshOfSources(sources: readonly SourceObject[]): MadeMesh {
  const settings = startSettings(defaultSettings, sources);
  const completed = completedSources(sources, settings);
  const store = new ResourceStore();
  store.configure(settings);
  const set = store.apply({ upserts: completed.objects, removals: [] });
  const model = createCompiler()(set);
  const { output, findings } = createEnvoyRenderer()(model, testTarget);
  return {
    set,
    model,
    findings: [...completed.findings, ...findingsOf(model), ...findings],
    sidecars: output.sidecars,
  };
}

/** What a cluster would hold of some manifests: pods for Deployments, addresses for all. */
export function completedSources(sources: readonly SourceObject[], { clusterDomain }: MeshSettings = defaultSettings) {
  return new MeshObjects({ addresses: new AddressBook(), clusterDomain }).complete(sources);
}

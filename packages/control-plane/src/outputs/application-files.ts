import { type ApplicationConfig, applicationConfig, type MeshModel } from '@heddle/mesh';
import { stringify } from 'yaml';

/** What pods are told, by key: `namespace/name`. Pods outside the mesh are told nothing. */
export type ApplicationFiles = ReadonlyMap<string, string>;

/** Writes the file of each pod that asks for it; replicas share one text. */
export function applicationFiles(model: MeshModel, asks: (pod: string) => boolean): ApplicationFiles {
  const files = new Map<string, string>();
  for (const { name: namespace, workloads } of model.namespaces.values()) {
    for (const workload of workloads.values()) {
      const asking = workload.pods.map(pod => `${namespace}/${pod.name}`).filter(asks);
      if (asking.length === 0) continue;
      const content = applicationFileContent(applicationConfig(model, workload));
      for (const pod of asking) files.set(pod, content);
    }
  }
  return files;
}

/** The content of the file that @heddle/runtime reads; the same configuration gives the same text. */
export function applicationFileContent(config: ApplicationConfig): string {
  return stringify(config, { lineWidth: 0, aliasDuplicateObjects: false });
}

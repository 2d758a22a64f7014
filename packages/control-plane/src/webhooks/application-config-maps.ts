import type { MeshModel, Workload } from '@heddle/mesh';
import { textOf, yes } from '../inject/annotations.ts';
import { textsIn } from '../inject/pod-to-inject.ts';
import { applicationConfigMap, applicationFile } from '../sidecar/application-file.ts';
import type { WantedConfigMap } from './config-maps.ts';

/** What it takes to tell applications what the mesh is to them. */
export interface ToldApplications {
  readonly model: MeshModel;
  /** Annotations of a namespace. */
  readonly annotationsOf: (namespace: string) => Readonly<Record<string, string>>;
  /** The content of the file for a workload. */
  readonly content: (workload: Workload) => string;
}

/**
 * The ConfigMaps of those that ask: one a service account, since the name must be known before a pod's owner is. Of several
 * workloads with one account the first by name speaks; they differ in little but their modes.
 */
export function applicationConfigMaps({ model, annotationsOf, content }: ToldApplications): readonly WantedConfigMap[] {
  const maps = new Map<string, WantedConfigMap>();
  for (const { name: namespace, workloads } of model.namespaces.values()) {
    const ofNamespace = textOf(annotationsOf(namespace), 'appConfig');
    const sorted = [...workloads.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
    for (const workload of sorted) {
      const name = applicationConfigMap(workload.serviceAccount);
      const key = `${namespace}/${name}`;
      if (maps.has(key) || !asks(workload, ofNamespace)) continue;
      maps.set(key, { namespace, name, data: { [applicationFile.name]: content(workload) } });
    }
  }
  return [...maps.values()];
}

function asks({ pods }: Workload, ofNamespace: string | undefined): boolean {
  return pods.some(({ source }) => {
    const own = textOf(textsIn(source.object.metadata.annotations), 'appConfig');
    return yes.includes(own ?? ofNamespace ?? 'no');
  });
}

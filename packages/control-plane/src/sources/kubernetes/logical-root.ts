import type { KubeObject } from '@heddle/smi';
import type { ApiObject } from '../../kube/kube-object.ts';
import { recordOf } from '../record.ts';

/** Marks a Service that Heddle made for the root of a split: it stands for an address and nothing else. */
export const logicalRootLabel = 'heddle.dev/logical-root';

/** The address that a root has by the Service that Heddle made for it; undefined for any other Service. */
export function addressOfRoot({ metadata, ...service }: ApiObject): KubeObject | undefined {
  if (metadata.labels?.[logicalRootLabel] !== 'true') return undefined;
  const { clusterIP } = recordOf(service['spec']);
  const { name, namespace = 'default' } = metadata;
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'AssignedAddress',
    metadata: { name, namespace },
    address: typeof clusterIP === 'string' ? clusterIP : '',
  };
}

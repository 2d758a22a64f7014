import type { KubeObject, SourceObject } from '@heddle/smi';
import { isRecord, type JsonRecord, recordOf } from '../../sources/record.ts';

/** What every container and volume that injection adds is called. */
const injected = /^heddle-/;

/**
 * A pod of the API server as this machine runs it: at the address that it has here, and with the node's own sidecar in the place
 * of injected containers, which are images. Pure.
 */
export function runnablePod(pod: JsonRecord, ip: string): SourceObject {
  const spec = recordOf(pod['spec']);
  const { phase } = recordOf(pod['status']);
  const object = {
    ...pod,
    spec: {
      ...spec,
      containers: without(spec['containers']),
      ...(spec['volumes'] !== undefined && { volumes: without(spec['volumes']) }),
    },
    status: { podIP: ip, ...(phase !== undefined && { phase }) },
  };
  return { object: object as unknown as KubeObject };
}

function without(list: unknown): readonly unknown[] {
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  return items.filter(item => !(isRecord(item) && typeof item['name'] === 'string' && injected.test(item['name'])));
}

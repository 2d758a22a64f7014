import type { Service, ServicePort } from '../model/service.ts';
import { type Manifest, manifestOf } from './manifest.ts';

/**
 * A Service without a selector for the root of a TrafficSplit that has none: other meshes know a name and its address by
 * nothing else (S7). It has no endpoints of its own, as the root has none.
 */
export function rootService({ namespace, name, ports, origin }: Service): Manifest {
  const head = { apiVersion: 'v1', kind: 'Service', namespace, name };
  return manifestOf(head, { ports: ports.map(portOf) }, [origin]);
}

function portOf({ number, protocol }: ServicePort): object {
  const spoken = protocol === 'detect' ? undefined : protocol;
  const name = `${spoken ?? 'port'}-${number}`;
  return { name, port: number, protocol: 'TCP', ...(spoken !== undefined && { appProtocol: spoken }) };
}

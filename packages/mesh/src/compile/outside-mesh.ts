import { formatPath } from '@heddle/smi';
import { type Finding, findingAt } from '../findings/finding.ts';
import type { ResourceOrigin } from '../model/origin.ts';
import type { OutboundRoute, Service } from '../model/service.ts';

/**
 * Says which splits lead out of the mesh (H6): a backend without any sidecar understands nothing of what clients send it,
 * and the split of a root that is outside, with all its backends, is not applied.
 */
export function sayOutside(services: ReadonlyMap<string, Service>): Finding[] {
  const findings = new Map<string, Finding>();
  for (const root of services.values()) {
    for (const route of root.ports.flatMap(port => port.outbound.routes)) {
      if ('default' in route.origin) continue;
      for (const message of root.inMesh ? outsideBackends(route, services) : [notApplied(root)]) {
        const { source, path } = route.origin;
        findings.set(keyOf(route.origin, message), findingAt('NotInMesh', source, path, message));
      }
    }
  }
  return [...findings.values()];
}

function notApplied({ key }: Service): string {
  return `No pod behind ${key} is in the mesh, so this split has no effect. Let them into the mesh.`;
}

function outsideBackends({ backends }: OutboundRoute, services: ReadonlyMap<string, Service>): string[] {
  const shared = backends.filter(({ weight }) => weight > 0).map(({ service }) => service);
  return shared.filter(key => isOutside(services.get(key.slice(key.indexOf('/') + 1)))).map(nothingUnderstood);
}

function nothingUnderstood(key: string): string {
  return `No pod of ${key} has a sidecar, so its share gets no answer. Let them into the mesh.`;
}

function isOutside(service: Service | undefined): boolean {
  const endpoints = service?.ports.flatMap(port => port.endpoints) ?? [];
  return endpoints.length > 0 && endpoints.every(({ workload }) => workload === undefined);
}

function keyOf({ source, path }: ResourceOrigin, message: string): string {
  return `${source.object.metadata.name} ${formatPath(path)} ${message}`;
}

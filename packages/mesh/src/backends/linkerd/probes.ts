import { originOf, type ResourceOrigin } from '../../model/origin.ts';
import type { Workload } from '../../model/workload.ts';

/** What the kubelet asks of a pod over HTTP. */
export interface Probe {
  readonly path: string;
  readonly origin: ResourceOrigin;
}

interface WrittenContainer {
  readonly ports?: readonly { readonly name?: string; readonly containerPort?: number }[];
  readonly [probe: `${string}Probe`]:
    | { readonly httpGet?: { readonly path?: string; readonly port?: unknown } }
    | undefined;
}

/** The HTTP probes of a workload's pods on one port, as their manifest has them. */
export function probesOn({ pods }: Workload, port: number): Probe[] {
  const [pod] = pods;
  if (pod === undefined) return [];
  const { spec } = pod.source.object as { readonly spec?: { readonly containers?: unknown } };
  const containers = (Array.isArray(spec?.containers) ? spec.containers : []) as readonly WrittenContainer[];
  return containers.flatMap((container, index) =>
    (['livenessProbe', 'readinessProbe', 'startupProbe'] as const).flatMap(kind => {
      const asked = container[kind]?.httpGet;
      if (asked === undefined || numberOf(asked.port, container) !== port) return [];
      const origin = originOf(pod.source, ['spec', 'containers', index, kind]);
      return [{ path: pathOf(asked.path), origin }];
    }),
  );
}

function numberOf(port: unknown, { ports = [] }: WrittenContainer): number | undefined {
  if (typeof port === 'number') return port;
  return ports.find(({ name }) => name !== undefined && name === port)?.containerPort;
}

/** Without its query, with a slash before it, as the kubelet asks. */
function pathOf(written: string | undefined): string {
  const [path = ''] = (written ?? '/').split('?');
  return path.startsWith('/') ? path : `/${path}`;
}

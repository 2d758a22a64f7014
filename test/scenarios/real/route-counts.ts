import type { LocalMesh } from '../../../packages/control-plane/src/local/host/local-mesh.ts';
import { get } from '../../../packages/control-plane/src/local/node/envoy-admin.ts';

/** How many requests have taken each named route so far, by `Service/name` of the route, whoever sent them. */
export type RouteCounts = ReadonlyMap<string, number>;

/** Asks every sidecar of a mesh. The name of a route is in no answer: only the caller's sidecar knows which one it was. */
export async function routeCounts(mesh: LocalMesh, signal: AbortSignal): Promise<RouteCounts> {
  const counts = new Map<string, number>();
  for (const { sidecar } of await mesh.node.client.pods(signal)) {
    if (sidecar === null) continue;
    const { body } = await get(sidecar.adminSocket, '/stats?filter=route.*upstream_rq_total', signal);
    for (const [, service, name, value] of body.matchAll(statistic)) {
      const key = `${service}/${name}`;
      counts.set(key, (counts.get(key) ?? 0) + Number(value));
    }
  }
  return counts;
}

const statistic = /^vhost\.outbound\/(\S+)\/\d+\.route\.(\S+)\.upstream_rq_total: (\d+)$/gm;

/** The one route that was taken between two counts; null where none with a name was, or several. */
export function routeBetween(before: RouteCounts, after: RouteCounts): string | null {
  const taken = [...after].flatMap(([key, count]) =>
    count > (before.get(key) ?? 0) ? [key.slice(key.lastIndexOf('/') + 1)] : [],
  );
  const [only, ...others] = new Set(taken);
  return others.length === 0 ? (only ?? null) : null;
}

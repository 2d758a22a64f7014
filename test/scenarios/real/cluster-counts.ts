import type { LocalMesh } from '../../../packages/control-plane/src/local/host/local-mesh.ts';
import { get } from '../../../packages/control-plane/src/local/node/envoy-admin.ts';
import { itemsAt, textAt } from '../json.ts';

/** How often sidecars have gone to each Service so far, by `namespace/name`: requests, or connections of bytes. */
export type ClusterCounts = ReadonlyMap<string, number>;

/** Asks every sidecar of a mesh. Services that share their pods are told apart only here: to a server they look alike. */
export async function clusterCounts(mesh: LocalMesh, signal: AbortSignal): Promise<ClusterCounts> {
  const counts = new Map<string, number>();
  for (const { sidecar } of await mesh.node.client.pods(signal)) {
    if (sidecar === null) continue;
    const { body } = await get(sidecar.adminSocket, '/clusters?format=json', signal);
    for (const cluster of itemsAt(JSON.parse(body), 'cluster_statuses')) {
      const [direction, namespace = '', service = '', , kind] = textAt(cluster, 'name').split('/');
      if (direction !== 'outbound') continue;
      const key = `${namespace}/${service}`;
      const statistic = kind === 'tcp' || kind === 'plain' ? 'cx_total' : 'rq_total';
      counts.set(key, (counts.get(key) ?? 0) + totalOf(cluster, statistic));
    }
  }
  return counts;
}

function totalOf(cluster: unknown, statistic: string): number {
  return itemsAt(cluster, 'host_statuses')
    .flatMap(host => itemsAt(host, 'stats'))
    .filter(each => textAt(each, 'name') === statistic)
    .reduce<number>((sum, each) => sum + Number(textAt(each, 'value') || 0), 0);
}

/** The share of each Service in what was called between two counts. */
export function sharesBetween(before: ClusterCounts, after: ClusterCounts): ReadonlyMap<string, number> {
  const calls = [...after].map(([service, count]) => [service, count - (before.get(service) ?? 0)] as const);
  const total = calls.reduce((sum, [, count]) => sum + count, 0);
  return new Map(calls.filter(([, count]) => count > 0).map(([service, count]) => [service, count / total]));
}

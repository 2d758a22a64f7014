/** What the root of a TrafficSplit names (S4). */
export type ServiceName =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'external'; readonly host: string };

/**
 * Reads a service's name as people write it: `name`, `name.ns`, `name.ns.svc` or `name.ns.svc.<cluster domain>`, with or
 * without a trailing dot, in any letter case. Everything else is a host outside the cluster.
 */
export function readServiceName(text: string, namespace: string, clusterDomain: string): ServiceName {
  const host = text.toLowerCase().replace(/\.$/, '');
  const [name = '', ns = namespace, svc = 'svc', ...domain] = host.split('.');
  if (svc !== 'svc' || (domain.length > 0 && domain.join('.') !== clusterDomain.toLowerCase())) {
    return { kind: 'external', host };
  }
  return { kind: 'service', namespace: ns, name };
}

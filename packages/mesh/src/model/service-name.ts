/** What a host name means to a caller. */
export type ServiceName =
  /** A Service, or the root of a TrafficSplit that has none. */
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  /** Anything else; in lower case, without a trailing dot. */
  | { readonly kind: 'external'; readonly host: string };

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** The Service that a ServiceProfile is for: its name is that Service's, in full (V6); `undefined` for any other name. */
export function profiledService(
  text: string,
  clusterDomain: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const read = readServiceName(text, '', clusterDomain);
  return read.kind === 'service' && text.endsWith(`.svc.${clusterDomain}`) ? read : undefined;
}

/**
 * Reads a Service's name as people write it (S4, H1): `name`, `name.ns`, `name.ns.svc` or `name.ns.svc.<cluster domain>`,
 * with or without a trailing dot, in any letter case. Without a namespace it means the given one. Everything else is a
 * host outside the cluster, even where no host can have such a name.
 */
export function readServiceName(text: string, namespace: string, clusterDomain: string): ServiceName {
  const host = text.toLowerCase().replace(/\.$/, '');
  const [name = '', ns = namespace, svc = 'svc', ...domain] = host.split('.');
  const isInside = svc === 'svc' && (domain.length === 0 || domain.join('.') === clusterDomain.toLowerCase());
  return isInside && label.test(name) && label.test(ns)
    ? { kind: 'service', namespace: ns, name }
    : { kind: 'external', host };
}

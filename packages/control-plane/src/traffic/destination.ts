/** Whom a call goes to, as its text names it. */
export interface Destination {
  readonly namespace: string;
  readonly service: string;
  /** Absent where the text names none. */
  readonly port?: number;
}

const label = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Reads `SERVICE[.NAMESPACE][:PORT]` in every form that a client may write (H1): `name`, `name.ns`, `name.ns.svc`,
 * `name.ns.svc.<cluster domain>`, a trailing dot, any letter case. A missing namespace is the caller's. What can't be a
 * Service comes back as a problem, which completes the sentence "… is not a destination: …".
 */
export function readDestination(
  text: string,
  callersNamespace: string,
  clusterDomain: string,
): Destination | { readonly problem: string } {
  const colon = text.lastIndexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const written = colon < 0 ? undefined : text.slice(colon + 1);
  const port = written === undefined ? undefined : readPort(written);
  if (written !== undefined && port === undefined) {
    return { problem: `${written === '' ? 'nothing' : written} after the colon is not a port from 1 to 65535` };
  }
  const host = name.toLowerCase().replace(/\.$/, '');
  const [service = '', namespace = callersNamespace, svc = 'svc', ...domain] = host.split('.');
  if (!host.split('.').every(part => label.test(part))) {
    return { problem: 'a Service is named as SERVICE or SERVICE.NAMESPACE' };
  }
  if (svc !== 'svc' || (domain.length > 0 && domain.join('.') !== clusterDomain.toLowerCase())) {
    return { problem: `it is a host outside the cluster, whose Services end in .svc.${clusterDomain}` };
  }
  return { namespace, service, ...(port !== undefined && { port }) };
}

function readPort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

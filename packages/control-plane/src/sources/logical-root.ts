/**
 * The Service name that the `spec.service` of a TrafficSplit stands for: `name`, `name.ns`, `name.ns.svc` or with the
 * cluster domain, with or without a trailing dot, in any letter case (S4, H1). `undefined` for another namespace and for external hosts.
 */
export function logicalRoot(service: unknown, namespace: string, clusterDomain: string): string | undefined {
  if (typeof service !== 'string') return undefined;
  const written = service.toLowerCase().replace(/\.$/, '');
  const [name = '', ...rest] = written.split('.');
  if (!/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return undefined;
  const domains = ['', namespace, `${namespace}.svc`, `${namespace}.svc.${clusterDomain.toLowerCase()}`];
  return domains.includes(rest.join('.')) ? name : undefined;
}

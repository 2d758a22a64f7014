import type { RuntimeConfig } from './config.ts';

const defaultDomain = 'cluster.local';

/** Which host names mean the same service, seen from the application's namespace. */
export class ServiceNames {
  readonly #namespace: string | undefined;
  /** Of clusters: what may follow `name.namespace.svc`. */
  readonly #domains: ReadonlySet<string>;

  /** Besides `cluster.local`, the domains count that services of the configuration are written with. */
  constructor({ identity, routes }: RuntimeConfig) {
    this.#namespace = /\/ns\/([^/]+)\/sa\//.exec(identity)?.[1];
    const written = routes.flatMap(({ service, split }) => [service, ...split.map(backend => backend.service)]);
    this.#domains = new Set([defaultDomain, ...written.flatMap(name => domainOf(plain(name)) ?? [])]);
  }

  /**
   * One name for all forms of a host name: `reviews` (in the application's own namespace), `reviews.shop`, `reviews.shop.svc`
   * and `reviews.shop.svc.cluster.local`, in any case, with a trailing dot or without, are `reviews.shop`. Others stay as they are.
   */
  canonical(host: string): string {
    const name = plain(host);
    const labels = name.split('.');
    const [service = '', namespace = this.#namespace, svc] = labels;
    if (labels.length === 1) return namespace === undefined ? name : `${service}.${namespace}`;
    const domain = domainOf(name);
    const isService = svc === 'svc' && (labels.length === 3 || (domain !== undefined && this.#domains.has(domain)));
    return isService ? `${service}.${namespace}` : name;
  }
}

function plain(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

function domainOf(name: string): string | undefined {
  return /^[^.]+\.[^.]+\.svc\.(.+)$/.exec(name)?.[1];
}

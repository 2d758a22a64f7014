import type { Route, RuntimeConfig } from './config.ts';
import { compilePathPattern, type PathPattern } from './path-pattern.ts';
import { ServiceNames } from './service-names.ts';

interface Entry {
  readonly route: Route;
  /** `undefined`: any path. */
  readonly path: PathPattern | undefined;
}

/** Finds the route of a request: the first, in the order of the file, whose service, path and method fit. */
export class RouteTable {
  readonly #names: ServiceNames;
  readonly #entries = new Map<string, Entry[]>();

  constructor(config: RuntimeConfig) {
    this.#names = new ServiceNames(config);
    for (const route of config.routes) {
      const service = this.#names.canonical(route.service);
      const entries = this.#entries.get(service) ?? [];
      this.#entries.set(service, entries);
      const path = route.pathRegex === undefined ? undefined : compilePathPattern(route.pathRegex);
      // The parser has refused such a pattern: who made a configuration by other means gets a route that fits nothing.
      if (path !== undefined && 'error' in path) continue;
      entries.push({ route, path });
    }
  }

  /** `undefined` where no route fits, and where the URL is none. */
  find(method: string, url: string | URL): Route | undefined {
    const parsed = typeof url === 'string' ? URL.parse(url) : url;
    if (parsed === null) return undefined;
    const entries = this.#entries.get(this.#names.canonical(parsed.hostname));
    if (entries === undefined) return undefined;
    const path = pathOf(parsed);
    const wire = methodOnTheWire(method);
    return entries.find(
      ({ route, path: pattern }) =>
        (route.methods.length === 0 || route.methods.includes(wire)) && (pattern?.matches(path) ?? true),
    )?.route;
  }

  /** The service of a route in the one form that stands for all, such as `reviews.shop`. */
  serviceOf(route: Route): string {
    return this.#names.canonical(route.service);
  }
}

/** A method as `fetch` sends it: the well-known ones in capitals, others as they are written, `patch` among them. */
export function methodOnTheWire(method: string): string {
  return /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method;
}

/**
 * The path as sidecars match it: `URL` has resolved dot segments; unreserved escapes are decoded and slashes merged.
 */
function pathOf(url: URL): string {
  return url.pathname
    .replace(/%[0-9a-f]{2}/gi, escape => {
      const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
      return /[A-Za-z0-9\-._~]/.test(character) ? character : escape;
    })
    .replace(/\/{2,}/g, '/');
}

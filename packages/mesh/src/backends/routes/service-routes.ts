import type { Origin } from '../../model/origin.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { fitWeights } from '../fit-weights.ts';
import { type Manifest, manifestOf } from '../manifest.ts';
import { rootService } from '../root-service.ts';
import { duration, originsOfRoute, type TreatedRoute, treatedRoutes } from '../treated-routes.ts';
import { mayOvertake } from './precedence.ts';
import { type RouteDialect, type RouteMatch, routeMatches } from './route-match.ts';

/** One rule of a route, before it is written. */
interface Rule {
  /** Empty: every request. */
  readonly matches: readonly RouteMatch[];
  readonly route: TreatedRoute;
}

/** What the API takes in one route (https://gateway-api.sigs.k8s.io/reference/spec/#httproutespec). */
const most = { rules: 16, matches: 128, matchesOfRule: 64, backends: 16, weight: 1_000_000 } as const;

/**
 * The routes of one Service: one for each of its ports that a TrafficSplit shares, with the Service as parent, so that
 * clients in the mesh obey it (https://gateway-api.sigs.k8s.io/mesh/). HTTP ports get an HTTPRoute, others a TCPRoute.
 * A backend is a Service of the same namespace (S5), so that no ReferenceGrant is needed, and a route to a backend goes
 * to its endpoints whatever routes that has of its own, as splits don't chain (S8).
 */
export function serviceRoutes(service: Service, dialect: RouteDialect): Manifest[] {
  const split = service.ports
    .filter(({ protocol }) => protocol !== 'udp')
    .map(port => ({ ...port, outbound: { routes: treatedRoutes(service, port, dialect) } }))
    .filter(port => isSplit(service, port));
  // Where no pod is in the mesh the split has no effect, which has been said (H6).
  if (split.length === 0 || !service.inMesh) return [];
  const routes = split.flatMap(port => (port.protocol === 'tcp' ? tcpRoute : httpRoute)(service, port, dialect));
  return service.logical ? [rootService(service), ...routes] : routes;
}

/** A port with what a ServiceProfile says of its requests. */
type TreatedPort = Omit<ServicePort, 'outbound'> & { readonly outbound: { readonly routes: readonly TreatedRoute[] } };

/** A port whose own endpoints get all is left alone. */
function isSplit(service: Service, { outbound: { routes } }: TreatedPort): boolean {
  return !routes.every(route => isOwn(service, route));
}

/** Whether a Service without any route would do the same: its own endpoints serve, or it has none. */
function isOwn({ key }: Service, { backends, origin, treatment }: TreatedRoute): boolean {
  if (treatment !== undefined) return false;
  return 'default' in origin || (backends.length === 1 && backends[0]?.service === key);
}

function httpRoute(service: Service, port: TreatedPort, dialect: RouteDialect): Manifest[] {
  if (port.protocol === 'detect') {
    const message = `${dialect.target} takes one kind of route for a port: port ${port.number} of ${service.key} may speak anything, and only its HTTP requests are shared. Say appProtocol.`;
    sayOfSplits(port, dialect, 'Approximated', message);
  }
  const rules = readRules(port, dialect);
  sayOvertaking(rules, dialect);
  const fitting = fit(rules, dialect);
  // Every entry was left out: the Service's own endpoints serve all without a route.
  if (fitting.every(({ route }) => isOwn(service, route))) return [];
  const spec = {
    parentRefs: [parentRef(service, port)],
    rules: fitting.map(rule => writeRule(rule, service, port, dialect)),
  };
  return [manifestOf(head('HTTPRoute', 'v1', service, port), spec, originsOf(port))];
}

function tcpRoute(service: Service, port: TreatedPort, dialect: RouteDialect): Manifest[] {
  const [route] = port.outbound.routes;
  if (route === undefined) return [];
  if (route.backends.length === 0) {
    const message = `${dialect.target} can't refuse connections by a TCPRoute: ${service.key} itself serves port ${port.number}. Give a backend a weight.`;
    dialect.shortfalls.say('Unsupported', route.origin, message);
    return [];
  }
  const spec = {
    parentRefs: [parentRef(service, port)],
    rules: [{ backendRefs: backendRefs({ matches: [], route }, service, port, dialect) }],
  };
  return [manifestOf(head('TCPRoute', 'v1alpha2', service, port), spec, originsOf(port))];
}

function head(kind: string, version: string, { namespace, name }: Service, { number }: TreatedPort) {
  return { apiVersion: `gateway.networking.k8s.io/${version}`, kind, namespace, name: `${name}-${number}` };
}

function parentRef({ name }: Service, { number }: TreatedPort): object {
  return { group: '', kind: 'Service', name, port: number };
}

/** Routes that stand beside each other and lead to the same backends become one rule. */
function readRules({ outbound }: TreatedPort, dialect: RouteDialect): Rule[] {
  const rules: Rule[] = [];
  for (const route of outbound.routes) {
    const matches = route.match === undefined ? [] : routeMatches(route.match, dialect);
    if (matches === undefined) continue;
    const last = rules.at(-1);
    const isSame =
      last !== undefined &&
      route.match !== undefined &&
      last.route.origin === route.origin &&
      last.route.treatment === route.treatment;
    if (isSame && last.matches.length + matches.length <= most.matchesOfRule) {
      rules[rules.length - 1] = { route: last.route, matches: [...last.matches, ...matches] };
    } else {
      rules.push({ route, matches });
    }
  }
  return rules;
}

/** Says which entries an implementation may ask before others that rank above them here (S11). */
function sayOvertaking(rules: readonly Rule[], { shortfalls, target }: RouteDialect): void {
  for (const [index, later] of rules.entries()) {
    for (const earlier of rules.slice(0, index)) {
      const overtakes = (later.matches.length === 0 ? [{}] : later.matches).some(match =>
        earlier.matches.some(before => mayOvertake(match, before)),
      );
      if (!overtakes || doesSame(later.route, earlier.route)) continue;
      const [first, second] = [nameOf(earlier), nameOf(later)];
      const message = `${target} ranks rules by path, then method, then headers, and may ask ${second} before ${first}: what fits both then goes by ${second}. Make the two exclude each other.`;
      shortfalls.say('Approximated', later.route.match?.origin ?? later.route.origin, message);
    }
  }
}

function doesSame(a: TreatedRoute, b: TreatedRoute): boolean {
  return JSON.stringify([a.backends, a.treatment?.timeout]) === JSON.stringify([b.backends, b.treatment?.timeout]);
}

function nameOf({ route: { match } }: Rule): string {
  return match === undefined ? 'all requests' : `entry ${match.name}`;
}

/** As many rules as the API takes, the last, for all other requests, among them. */
function fit(rules: readonly Rule[], { shortfalls, target, leftOut }: RouteDialect): readonly Rule[] {
  const last = rules.slice(-1);
  let matches = 1;
  const kept = rules.slice(0, -1).filter((rule, index) => {
    matches += rule.matches.length;
    if (index < most.rules - 1 && matches <= most.matches) return true;
    const message = `${target} takes at most ${most.rules} rules and ${most.matches} matches in a route; ${leftOut}.`;
    shortfalls.say('Unsupported', rule.route.match?.origin ?? rule.route.origin, message);
    return false;
  });
  return [...kept, ...last];
}

function writeRule(rule: Rule, service: Service, port: TreatedPort, dialect: RouteDialect): object {
  const timeout = rule.route.treatment?.timeout;
  return {
    ...(rule.matches.length > 0 && { matches: rule.matches }),
    backendRefs: backendRefs(rule, service, port, dialect),
    ...(timeout !== undefined && { timeouts: { request: duration(timeout) } }),
  };
}

/** Relative weights, each at most 1,000,000 (https://gateway-api.sigs.k8s.io/reference/spec/#backendref). */
function backendRefs({ route }: Rule, service: Service, port: TreatedPort, dialect: RouteDialect): object[] {
  const { backends, origin } = route;
  if (backends.length === 0) {
    const message = `${dialect.target} answers 500 where no backend has a weight, not 503.`;
    dialect.shortfalls.say('Approximated', splitOf(origin, port), message);
    return [{ name: service.name, port: port.number, weight: 0 }];
  }
  const shown = backends.length > most.backends ? backends.filter(({ weight }) => weight > 0) : backends;
  if (shown.length > most.backends) {
    const message = `${dialect.target} takes at most ${most.backends} backends in a rule; ${service.key} itself serves.`;
    dialect.shortfalls.say('Unsupported', origin, message);
    return [{ name: service.name, port: port.number }];
  }
  const weights = fitWeights(
    shown.map(({ weight }) => weight),
    { each: most.weight },
  );
  return shown.map(({ service: key, port: number }, index) => ({
    name: key.slice(key.indexOf('/') + 1),
    port: number,
    ...(shown.length > 1 && { weight: weights[index] ?? 0 }),
  }));
}

/** What to speak of where nobody wrote a route: the split that left it open. */
function splitOf(origin: Origin, { outbound }: TreatedPort): Origin {
  if (!('default' in origin)) return origin;
  return outbound.routes.map(route => route.origin).find(other => !('default' in other)) ?? origin;
}

function sayOfSplits(
  { outbound }: TreatedPort,
  { shortfalls }: RouteDialect,
  reason: 'Approximated',
  message: string,
): void {
  for (const { origin } of outbound.routes) shortfalls.say(reason, origin, message);
}

function originsOf({ outbound }: TreatedPort): Origin[] {
  return outbound.routes.flatMap(originsOfRoute);
}
